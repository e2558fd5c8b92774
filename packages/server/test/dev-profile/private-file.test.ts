import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { devNodeId } from "../../src/dev-profile/dev-node-id.ts";
import { removeEndpoints, writeEndpoints } from "../../src/dev-profile/endpoints-file.ts";
import { readOrMakePrivateFile, replacePrivateFile } from "../../src/dev-profile/private-file.ts";
import { tempFolder } from "../support/temp-folder.ts";

const mode = (path: string): number => statSync(path).mode & 0o777;

describe("readOrMakePrivateFile", () => {
  it("makes the file once, for its owner alone, with its folder", () => {
    const folder = `${tempFolder()}/a/b`;
    const path = `${folder}/token`;

    expect(readOrMakePrivateFile(path, () => "one")).toBe("one");
    expect(readOrMakePrivateFile(path, () => "two")).toBe("one");
    expect(mode(path)).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["token"]);
  });

  it("returns what another process made in the meantime", () => {
    const path = `${tempFolder()}/token`;

    const text = readOrMakePrivateFile(path, () => {
      writeFileSync(path, "theirs");
      return "mine";
    });

    expect(text).toBe("theirs");
  });

  it("fails where no file can be", () => {
    const folder = tempFolder();
    mkdirSync(`${folder}/token`);

    expect(() => readOrMakePrivateFile(`${folder}/token`, () => "x")).toThrow("EISDIR");
  });
});

describe("replacePrivateFile", () => {
  it("leaves nothing but the file", () => {
    const folder = tempFolder();

    replacePrivateFile(`${folder}/f`, "one");
    replacePrivateFile(`${folder}/f`, "two");

    expect(readFileSync(`${folder}/f`, "utf8")).toBe("two");
    expect(readdirSync(folder)).toEqual(["f"]);
    expect(mode(`${folder}/f`)).toBe(0o600);
  });
});

describe("devNodeId", () => {
  it("stays the same in a folder and differs between folders", () => {
    const [one, two] = [tempFolder(), tempFolder()];

    expect(devNodeId(one, "host")).toMatch(/^host-dev-[0-9a-f]{12}$/);
    expect(devNodeId(one, "renamed")).toBe(devNodeId(one, "host"));
    expect(devNodeId(two, "host")).not.toBe(devNodeId(one, "host"));
  });
});

describe("the endpoints file", () => {
  const endpoints = {
    http: "http://h",
    grpc: "127.0.0.1:50051",
    metrics: "http://m",
    pid: 7,
    nodeId: "n",
    version: "1",
  };

  it("says where the agent serves", () => {
    const folder = tempFolder();

    writeEndpoints(folder, endpoints);

    expect(JSON.parse(readFileSync(`${folder}/endpoints.json`, "utf8"))).toEqual(endpoints);
  });

  it("is removed by the agent that wrote it, and by no other", () => {
    const folder = tempFolder();
    writeEndpoints(folder, endpoints);

    removeEndpoints(folder, 8);
    expect(readdirSync(folder)).toEqual(["endpoints.json"]);

    removeEndpoints(folder, 7);
    removeEndpoints(folder, 7);
    expect(readdirSync(folder)).toEqual([]);
  });
});
