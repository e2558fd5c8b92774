import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert as check, array, constantFrom, integer, property, string } from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LogReader } from "../../src/process/log-reader.ts";
import { eventually, forever, idOf, targetOf, textOf } from "../support/runtime-calls.ts";
import { ProcessHarness } from "./process-harness.ts";

const web = idOf("web");

describe("the logs of a process", () => {
  let host: ProcessHarness;

  beforeEach(() => {
    host = new ProcessHarness({ logBytesMax: 10_000, logFilesMax: 3 });
  });

  afterEach(async () => {
    await host.close();
  });

  async function run(script: string): Promise<void> {
    await host.runtime.start(targetOf("web", host.script(script)), forever);
  }

  async function writersAreDone(): Promise<void> {
    await eventually(() => host.programs((line) => line.startsWith("split")).length === 0);
  }

  it("keep stdout and stderr apart and in order, over several runs", async () => {
    for (const round of [1, 2]) {
      const before = round === 1 ? undefined : (await host.current("web")).run;
      await run("n=0; while [ $n -lt 100 ]; do echo out $n; echo err $n >&2; n=$((n+1)); done");
      await eventually(async () => (await host.current("web")).run !== before);
      await host.ended("web");
      await writersAreDone();
    }
    const text: Record<string, string> = { stdout: "", stderr: "" };
    for await (const chunk of host.runtime.logs(web, { follow: false }, forever))
      text[chunk.stream] += textOf(chunk);

    const lines = (word: string): string =>
      Array.from({ length: 100 }, (_, n) => `${word} ${n}\n`).join("");
    expect(text).toEqual({ stdout: lines("out").repeat(2), stderr: lines("err").repeat(2) });
  });

  it("stay within their bounds, and keep what was written last", async () => {
    await run("n=0; while [ $n -lt 9000 ]; do echo line $n; n=$((n+1)); done");
    await host.ended("web");
    await writersAreDone();

    const folder = join(host.folder("web"), "log");
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    expect(sizes).toHaveLength(3);
    expect(Math.max(...sizes)).toBe(10_000);
    const text = await host.output("web");
    expect(text.endsWith("line 8998\nline 8999\n")).toBe(true);
    expect(text.length).toBeGreaterThan(20_000);
  });

  it("are written while the agent is away, and do not hold the program up", async () => {
    await run("n=0; while [ $n -lt 20000 ]; do echo 1234567890; n=$((n+1)); done; exit 5");

    expect((await host.ended("web")).exit).toMatchObject({ code: 5 });
  });

  it("give the last lines", async () => {
    await run("seq 1 4000; printf unfinished");
    await host.ended("web");
    await writersAreDone();

    expect(await host.output("web", { follow: false, tailLines: 3 })).toBe(
      "3999\n4000\nunfinished",
    );
    expect(await host.output("web", { follow: false, tailLines: 0 })).toBe("");
    expect((await host.output("web", { follow: false, tailLines: 3000 })).split("\n")).toHaveLength(
      3000,
    );
  });

  it("leave out segments from before the time asked for", async () => {
    await run("seq 1 4000");
    await host.ended("web");
    await writersAreDone();
    const folder = join(host.folder("web"), "log");
    const names = readdirSync(folder).toSorted();
    for (const name of names.slice(0, -1)) utimesSync(join(folder, name), 1, 1);

    const all = await host.output("web");
    const late = await host.output("web", { follow: false, sinceMs: 2_000 });
    expect(all.endsWith(late)).toBe(true);
    expect(late).toHaveLength(statSync(join(folder, names.at(-1) ?? "")).size);
    expect(await host.output("web", { follow: false, sinceMs: Date.now() + 60_000 })).toBe("");
  });

  it("are followed over runs and a replacement until the workload is removed", async () => {
    await run("echo one; exec sleep 1000");
    let text = "";
    const follower = (async () => {
      for await (const chunk of host.runtime.logs(web, { follow: true }, forever))
        text += textOf(chunk);
    })();
    await eventually(() => text.includes("one\n"));
    await host.runtime.replace(targetOf("web", host.script("echo two; exec sleep 1000")), forever);
    await eventually(() => text.includes("two\n"));
    await host.runtime.remove(web, forever);
    await follower;

    expect(text).toBe("one\ntwo\n");
  });

  it("stop being followed with the signal's reason", async () => {
    await run("exec sleep 1000");
    const control = new AbortController();
    const reason = new Error("enough");
    const logs = host.runtime.logs(web, { follow: true }, control.signal);
    const reading = logs[Symbol.asyncIterator]().next();
    control.abort(reason);

    await expect(reading).rejects.toBe(reason);
  });

  it("are not there for a workload that is not", async () => {
    await expect(host.output("web")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("LogReader", () => {
  it("gives every byte once, in whole lines, however they are spread over segments and time", () => {
    const piece = array(constantFrom("a", "bc", "\n", "x".repeat(70_000)), { maxLength: 8 });
    check(
      property(
        array(piece, { maxLength: 12 }),
        integer({ min: 1, max: 4 }),
        (pieces, perSegment) => {
          const folder = mkdtempSync(join(tmpdir(), "persys-log-"));
          try {
            const reader = new LogReader(folder, "stdout", {});
            let written = "";
            let read = "";
            const readAll = (): void => {
              for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next()) {
                const text = textOf(chunk);
                expect(chunk.data.length).toBeLessThanOrEqual(65_536);
                expect(text.endsWith("\n") || chunk.data.length === 65_536).toBe(true);
                read += text;
              }
            };
            for (const [index, words] of pieces.entries()) {
              const text = words.join("");
              const segment = String(Math.floor(index / perSegment)).padStart(8, "0");
              writeFileSync(join(folder, `stdout.0000000001.${segment}`), text, { flag: "a" });
              written += text;
              if (index % 3 === 1) readAll();
            }
            readAll();
            read += textOf(reader.rest() ?? { stream: "stdout", data: new Uint8Array() });
            expect(read).toBe(written);
          } finally {
            rmSync(folder, { recursive: true });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("begins a tail where counting lines from the end says", () => {
    check(
      property(
        array(string({ maxLength: 5 })),
        integer({ min: 0, max: 12 }),
        (words, tailLines) => {
          const text = words.join("\n");
          const folder = mkdtempSync(join(tmpdir(), "persys-log-"));
          try {
            const half = Math.floor(text.length / 2);
            writeFileSync(
              join(folder, "stdout.0000000001.00000000"),
              text.slice(0, half),
              "latin1",
            );
            writeFileSync(join(folder, "stdout.0000000001.00000001"), text.slice(half), "latin1");
            const reader = new LogReader(folder, "stdout", { tailLines });
            let read = "";
            for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next())
              read += Buffer.from(chunk.data).toString("latin1");
            read += Buffer.from(reader.rest()?.data ?? []).toString("latin1");

            const ascii = Buffer.from(text, "latin1").toString("latin1");
            const lines = ascii.match(/[^\n]*\n|[^\n]+$/g) ?? [];
            expect(read).toBe(tailLines === 0 ? "" : lines.slice(-tailLines).join(""));
          } finally {
            rmSync(folder, { recursive: true });
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
