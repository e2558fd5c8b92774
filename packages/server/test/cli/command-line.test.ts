import { describe, expect, it } from "vitest";
import { helpText, parseCommandLine } from "../../src/cli/command-line.ts";
import { configRows } from "../../src/config/config-table.ts";

describe("parseCommandLine", () => {
  it("runs the agent when nothing is asked for", () => {
    expect(parseCommandLine([])).toEqual({
      kind: "run",
      dev: false,
      configFile: undefined,
      flags: {},
    });
  });

  it("takes settings as flags, with = or a space", () => {
    const command = parseCommandLine(["--dev", "--http-port", "1", "--log-level=debug"]);

    expect(command).toMatchObject({ dev: true, flags: { http_port: "1", log_level: "debug" } });
  });

  it("takes the configuration file", () => {
    expect(parseCommandLine(["--config", "x.yaml", "--check-config"])).toMatchObject({
      kind: "check-config",
      configFile: "x.yaml",
    });
  });

  it.each([
    ["--help", "help"],
    ["-h", "help"],
    ["--version", "version"],
    ["-v", "version"],
    ["--print-config", "print-config"],
  ])("understands %s", (flag, kind) => {
    expect(parseCommandLine([flag])).toMatchObject({ kind });
  });

  it("names everything that it does not understand", () => {
    expect(parseCommandLine(["--http-prot=1", "--config", "extra", "more", "--http-port"])).toEqual(
      {
        kind: "wrong",
        sentences: [
          "unknown flag --http-prot; did you mean --http-port?",
          'unexpected argument "more"',
          "--http-port needs a value",
        ],
      },
    );
  });
});

describe("helpText", () => {
  it("names every setting's variable", () => {
    const text = helpText();

    for (const { option } of configRows) {
      if (option.key !== "version") expect(text).toContain(option.env[0]);
    }
  });
});
