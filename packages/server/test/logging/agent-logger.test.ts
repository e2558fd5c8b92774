import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import type { LogFormat } from "../../src/config/config.ts";
import { type AgentLogger, createLogger } from "../../src/logging/agent-logger.ts";

async function logging(
  format: LogFormat,
  isTTY: boolean,
): Promise<{ logger: AgentLogger; written: () => string }> {
  let text = "";
  const stream = {
    isTTY,
    write: (line: string) => {
      text += line;
    },
  };
  const logger = await createLogger({ level: "info", format, nodeId: "node-1", stream });
  return { logger, written: () => text };
}

describe("createLogger", () => {
  it("writes a JSON object on each line, with level, time and node", async () => {
    const { logger, written } = await logging("auto", false);

    logger.info("serving", { port: 1 });

    expect(written().endsWith("\n")).toBe(true);
    expect(JSON.parse(written())).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      node_id: "node-1",
      port: 1,
      msg: "serving",
    });
  });

  it("writes for people on a terminal", async () => {
    const { logger, written } = await logging("auto", true);

    logger.warn("careful", { port: 1 });

    expect(written()).toContain("careful");
    expect(written()).toContain("WARN");
    expect(written().startsWith("{")).toBe(false);
  });

  it("does as the setting says, terminal or not", async () => {
    const json = await logging("json", true);
    const pretty = await logging("pretty", false);

    json.logger.info("x");
    pretty.logger.info("x");

    expect(json.written().startsWith("{")).toBe(true);
    expect(pretty.written().startsWith("{")).toBe(false);
  });

  it("leaves out what is below its level, which may change", async () => {
    const { logger, written } = await logging("json", false);

    logger.debug("one");
    logger.setLevel("debug");
    logger.debug("two");

    expect(written()).not.toContain("one");
    expect(written()).toContain("two");
  });

  it("shows what a request has to put right without a stack", async () => {
    const { logger, written } = await logging("json", false);

    logger.warn("step failed", {
      error: new AgentError("COMMAND_NOT_FOUND", "there is no program x", { fault: "user" }),
    });

    expect(JSON.parse(written())).toMatchObject({
      error: { code: "COMMAND_NOT_FOUND", message: "there is no program x" },
    });
    expect(written()).not.toContain("stack");
  });

  it("shows an error with its stack and its cause", async () => {
    const { logger, written } = await logging("json", false);

    logger.error("no", { error: new Error("outer", { cause: new Error("inner") }) });

    expect(JSON.parse(written())).toMatchObject({
      error: { message: "outer", stack: expect.any(String), cause: { message: "inner" } },
    });
  });
});
