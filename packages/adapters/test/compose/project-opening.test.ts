import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SecretSource, SpecDigest } from "@persys/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ProjectFolders } from "../../src/compose/project-folders.ts";
import { openingOf } from "../../src/compose/project-opening.ts";
import { forever, idOf, targetOf } from "../support/runtime-calls.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "persys-folders-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("a project whose variables refer to secrets", () => {
  const open = async (env: Readonly<Record<string, string>>, secret: string): Promise<unknown> => {
    const folders = new ProjectFolders(folder, "node");
    const secretSource: SecretSource = { read: async () => secret };
    const { id, uid, revisionId, specDigest } = targetOf(idOf("shop"), {});
    const source = { document: { services: {} }, env, profiles: [] };
    const revision = {
      project: "shop",
      services: [],
      profiles: [],
      retainVolumes: false,
      names: [],
    };
    await folders.prepare({ id, specDigest }, { source, revision });
    const target = {
      id,
      uid,
      revisionId,
      specDigest: specDigest satisfies SpecDigest,
      revision,
      env,
    };
    return openingOf(target, { folders, secretSource }, forever)();
  };

  it("is given what programs can be given", async () => {
    const longest = "x".repeat(131_072 - "PERSYS_ENV_KEY=".length - 1);
    await expect(open({ KEY: "env:A" }, longest)).resolves.toMatchObject({
      input: { env: { PERSYS_ENV_KEY: longest } },
    });
  });

  it("waits for shorter ones where one, or all together, are too long for a program", async () => {
    const tooLong = "x".repeat(131_072 - "PERSYS_ENV_KEY=".length);
    await expect(open({ KEY: "env:A" }, tooLong)).rejects.toMatchObject({
      code: "SECRET_UNAVAILABLE",
      retryable: true,
      effect: "none",
      message: expect.stringContaining("env.KEY refers to has more than 131059 bytes"),
    });
    await expect(open({ KEY: tooLong }, "x")).rejects.toMatchObject({
      code: "INVALID_SPEC",
      retryable: false,
      message: expect.stringContaining("env.KEY has more than 131059 bytes"),
    });
    const many = Array.from({ length: 12 }, (_, at) => [`KEY_${at}`, "env:A"] as const);
    await expect(open(Object.fromEntries(many), "x".repeat(100_000))).rejects.toMatchObject({
      code: "SECRET_UNAVAILABLE",
      message: expect.stringContaining("more than 1048576 bytes"),
    });
  });
});
