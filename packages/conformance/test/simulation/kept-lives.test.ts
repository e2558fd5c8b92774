import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Life } from "../../src/simulation/life.ts";
import { simulatedModel } from "../../src/simulation/simulated-model.ts";
import { liveThrough } from "../../src/simulation/simulated-life.ts";

/** Lives in which an engine once broke an invariant, or was thought to, shrunk, each under what had gone wrong. */
const folder = new URL("./kept-lives/", import.meta.url);

describe("a life that once went wrong", () => {
  for (const file of readdirSync(folder)) {
    it(`goes well: ${file.replace(/\.json$/, "").replaceAll("-", " ")}`, async () => {
      const life = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Life;
      const { violation } = await liveThrough(life, { model: simulatedModel });

      expect(violation?.message ?? "").toBe("");
    });
  }
});
