import { AgentError, isWorkloadId, type LogChunk, type WatchEvent } from "@persys/core";
import { describe, expect, it } from "vitest";
import { workloadLogs } from "../../src/engine/workload-logs.ts";

const id = "web";
const synced: WatchEvent = { kind: "synced", fresh: true, resumeToken: "1" };
const bookmark: WatchEvent = { kind: "bookmark", resumeToken: "2" };

/** Output that is there from the `made`th look on. */
function madeAt(made: number): { readonly read: () => AsyncIterable<LogChunk>; looks: number } {
  const source = {
    looks: 0,
    async *read(): AsyncGenerator<LogChunk> {
      source.looks += 1;
      if (source.looks < made) throw new AgentError("NOT_FOUND", "there are no logs");
      for (const line of ["one", "two"]) yield { stream: "stdout", data: Buffer.from(line) };
    },
  };
  return source;
}

async function* told(...events: readonly WatchEvent[]): AsyncGenerator<WatchEvent> {
  yield* events;
}

async function linesOf(chunks: AsyncIterable<LogChunk>): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { data } of chunks) lines.push(Buffer.from(data).toString());
  return lines;
}

describe("the logs of a workload", () => {
  it("are those of its instance", async () => {
    const { read } = madeAt(1);
    const changes = (): AsyncIterable<WatchEvent> => told();

    expect(await linesOf(workloadLogs({ read, changes, follow: false }))).toEqual(["one", "two"]);
  });

  it("of which nothing has been made are empty", async () => {
    const { read } = madeAt(9);
    const changes = (): AsyncIterable<WatchEvent> => told(synced);

    expect(await linesOf(workloadLogs({ read, changes, follow: false }))).toEqual([]);
  });

  it("are waited for by who follows, and told from the beginning", async () => {
    const source = madeAt(3);
    const changes = (): AsyncIterable<WatchEvent> => told(synced, bookmark, synced, synced);

    const lines = await linesOf(workloadLogs({ read: source.read, changes, follow: true }));

    expect(lines).toEqual(["one", "two"]);
    expect(source.looks).toBe(3);
  });

  it("end for who follows when the workload goes before anything was made", async () => {
    if (!isWorkloadId(id)) throw new Error("no id");
    const { read } = madeAt(9);
    const gone: WatchEvent = { kind: "deleted", id, uid: "u", resumeToken: "3" };
    const changes = (): AsyncIterable<WatchEvent> => told(synced, gone, synced);

    expect(await linesOf(workloadLogs({ read, changes, follow: true }))).toEqual([]);
  });

  it("fail with what keeps them from being read", async () => {
    const read = async function* (): AsyncGenerator<LogChunk> {
      yield* [];
      throw new AgentError("RUNTIME_UNAVAILABLE", "away");
    };
    const changes = (): AsyncIterable<WatchEvent> => told(synced);

    const failed = linesOf(workloadLogs({ read, changes, follow: true }));

    await expect(failed).rejects.toMatchObject({ code: "RUNTIME_UNAVAILABLE" });
  });
});
