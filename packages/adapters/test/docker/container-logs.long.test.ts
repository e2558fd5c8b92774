import { AgentError, type LogChunk, type LogOptions } from "@persys/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { type LogReading, readContainerLogs } from "../../src/docker/container-logs.ts";
import { EngineProxy } from "./engine-proxy.ts";
import { soon, TestContainers } from "./test-containers.ts";

const chunkBytesMax = 64 * 1024;

function numbers(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, at) => `${first + at}\n`).join("");
}

describeWithDocker("the logs of a container", () => {
  let containers: TestContainers;
  let proxy: EngineProxy;
  let ending: AbortController;

  beforeEach(async () => {
    containers = new TestContainers();
    proxy = await EngineProxy.open();
    ending = new AbortController();
  });

  afterEach(async () => {
    ending.abort();
    await containers.close();
    await proxy.close();
  });

  function reading(options: LogOptions, over: Partial<LogReading> = {}): LogReading {
    return {
      client: TestContainers.clientAt(proxy.endpoint),
      find: () => containers.source("web"),
      options,
      signal: ending.signal,
      ...over,
    };
  }

  async function chunksOf(options: LogOptions): Promise<readonly LogChunk[]> {
    const chunks: LogChunk[] = [];
    const logs = readContainerLogs(containers.id("web"), reading(options));
    for await (const chunk of logs) chunks.push(chunk);
    return chunks;
  }

  /** All of one stream that is there now. */
  async function output(
    options: Partial<LogOptions> = {},
    stream: LogChunk["stream"] = "stdout",
  ): Promise<string> {
    const chunks = await chunksOf({ follow: false, ...options });
    return joined(chunks, stream).toString("utf8");
  }

  function joined(chunks: readonly LogChunk[], stream: LogChunk["stream"] = "stdout"): Buffer {
    return Buffer.concat(
      chunks.filter((chunk) => chunk.stream === stream).map((chunk) => chunk.data),
    );
  }

  /** Reads until the logs end; resolves with the error they ended with. */
  function follow(over: Partial<LogReading> = {}, options: Partial<LogOptions> = {}) {
    const chunks: LogChunk[] = [];
    const ended = (async (): Promise<unknown> => {
      try {
        const wanted = reading({ follow: true, ...options }, over);
        for await (const chunk of readContainerLogs(containers.id("web"), wanted))
          chunks.push(chunk);
        return undefined;
      } catch (error) {
        return error;
      }
    })();
    return { ended, text: () => joined(chunks).toString("utf8"), chunks };
  }

  it("keep stdout and stderr apart and in order, with the times of their lines", async () => {
    const beganMs = Date.now();
    await containers.ran("web", "for n in $(seq 1 300); do echo $n; echo $n >&2; done");
    const chunks = await chunksOf({ follow: false });

    expect(joined(chunks, "stdout").toString()).toBe(numbers(1, 300));
    expect(joined(chunks, "stderr").toString()).toBe(numbers(1, 300));
    for (const { atMs = 0 } of chunks) {
      expect(atMs).toBeGreaterThanOrEqual(beganMs);
      expect(atMs).toBeLessThanOrEqual(Date.now());
    }
  });

  it("keep every byte of long lines, control characters and unfinished lines", async () => {
    const long = "head -c 200000 /dev/zero | tr '\\0' x";
    await containers.ran("web", `${long}; echo; printf 'a\\0b\\rc\\033[1m\\n\\n'; printf rest`);
    const chunks = await chunksOf({ follow: false });

    const expected = `${"x".repeat(200_000)}\na\0b\rc\u001B[1m\n\nrest`;
    expect(joined(chunks).equals(Buffer.from(expected))).toBe(true);
    for (const { data } of chunks) expect(data.length).toBeLessThanOrEqual(chunkBytesMax);
  });

  it("come in whole lines, many to a chunk", async () => {
    await containers.ran("web", "seq 1 50000");
    const chunks = await chunksOf({ follow: false });

    expect(joined(chunks).toString()).toBe(numbers(1, 50_000));
    for (const { data } of chunks) {
      expect(data.length).toBeLessThanOrEqual(chunkBytesMax);
      expect(data.at(-1)).toBe(0x0a);
    }
    expect(chunks.length).toBeLessThan(5_000);
  });

  it("are the same, in whatever pieces the engine's answer comes", async () => {
    await containers.ran("web", "seq 1 300; seq 1 300 >&2");
    for (const bytes of [1, 7, 8, 9, 1000]) {
      proxy.splitAnswers(bytes);
      const chunks = await chunksOf({ follow: false });
      expect(joined(chunks).toString()).toBe(numbers(1, 300));
      expect(joined(chunks, "stderr").toString()).toBe(numbers(1, 300));
    }
  });

  it("give the last lines, and those since a time", async () => {
    const container = await containers.ran("web", "seq 1 100");
    expect(await output({ tailLines: 3 })).toBe(numbers(98, 100));
    expect(await output({ tailLines: 0 })).toBe("");
    expect(await output({ tailLines: 1000 })).toBe(numbers(1, 100));
    const sinceMs = Date.now();
    await container.start();
    await container.wait();

    expect(await output({ sinceMs })).toBe(numbers(1, 100));
    expect(await output({ sinceMs, tailLines: 2 })).toBe(numbers(99, 100));
    expect(await output({ sinceMs: sinceMs - 3_600_000 })).toBe(numbers(1, 100).repeat(2));
    expect(await output({ sinceMs: Date.now() + 60_000 })).toBe("");
  });

  it("of a container with a terminal are as they are", async () => {
    await (await containers.run("web", "printf 'one\\ntwo'", { Tty: true })).wait();

    expect(await output()).toBe("one\r\ntwo");
  });

  it("are none where there is no container", async () => {
    await expect(output()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("end with an error when the engine breaks off", async () => {
    await containers.ran("web", "seq 1 50000");
    proxy.cutAnswersAfter(300_000);

    await expect(output()).rejects.toMatchObject({ code: "RUNTIME_UNAVAILABLE" });
  });

  it("are followed from the last lines on", async () => {
    const container = await containers.run(
      "web",
      "seq 1 100; while [ ! -e /go ]; do sleep 0.02; done; seq 101 105",
    );
    await soon(async () => (await output()).endsWith("100\n"));
    const follower = follow({}, { tailLines: 2 });
    await soon(() => follower.text() === numbers(99, 100));
    await containers.exec(container.id, "touch /go");
    await soon(() => follower.text() === numbers(99, 105));
    await soon(async () => (await containers.source("web"))?.isRunning === false);
    await containers.close();

    expect(await follower.ended).toBeUndefined();
    expect(follower.text()).toBe(numbers(99, 105));
  });

  it("are followed over stops, starts and replacements, without a repeated or lost line", async () => {
    const script = "echo run >>/runs; read n </runs; seq 1 300; seq 1 300 >&2; echo end; sleep 600";
    const container = await containers.run("web", script);
    const follower = follow();
    const runs = (count: number) => () =>
      follower.text() === `${numbers(1, 300)}end\n`.repeat(count);
    await soon(runs(1));
    await container.stop({ t: 0 });
    await container.start();
    await soon(runs(2));
    await container.kill();
    await container.start();
    await soon(runs(3));
    const next = await containers.run("web", script);
    await container.remove({ force: true });
    await soon(runs(4));
    await next.remove({ force: true });

    expect(await follower.ended).toBeUndefined();
    expect(joined(follower.chunks, "stderr").toString()).toBe(numbers(1, 300).repeat(4));
  });

  it("of a container that comes back are not repeated", async () => {
    const old = await containers.run("web", "echo old; sleep 600");
    let current = old.id;
    const find: LogReading["find"] = async (signal) => {
      const report = await containers.client.container(current, signal);
      if (report === undefined) return undefined;
      const { StartedAt: startedAt, Running: isRunning } = report.State;
      return { id: report.Id, startedAt, isRunning, isTty: false };
    };
    const follower = follow({ find });
    await soon(() => follower.text() === "old\n");
    const replacement = await containers.run("web", "echo new; sleep 600");
    current = replacement.id;
    await old.stop({ t: 0 });
    await soon(() => follower.text() === "old\nnew\n");
    current = old.id;
    await replacement.remove({ force: true });
    await old.start();
    await soon(() => follower.text() === "old\nnew\nold\n");
  });

  it("are followed over breaks at any byte, without a repeated or lost line", async () => {
    await containers.run("web", "seq 1 2000; seq 1 2000 >&2; sleep 600");
    const ends = (text: string): boolean => text.endsWith("\n2000\n");
    await soon(async () => ends(await output()) && ends(await output({}, "stderr")));
    for (const bytes of [400, 501, 20_000, 90_003]) {
      proxy.cutAnswersAfter(bytes, "/logs");
      const [before, round] = [proxy.cuts, new AbortController()];
      const follower = follow({ signal: round.signal });
      await soon(() => proxy.cuts > before);
      proxy.cutAnswersAfter(undefined);
      const errors = (): string => joined(follower.chunks, "stderr").toString();
      await soon(() => ends(follower.text()) && ends(errors()));
      expect(follower.text()).toBe(numbers(1, 2000));
      expect(errors()).toBe(numbers(1, 2000));
      round.abort();
    }
  });

  it("are followed over new files of the engine's log, without a repeated line", async () => {
    const round = "while [ $n -lt $((r * 100)) ]; do n=$((n+1)); echo $n; echo $n >&2; done";
    const script = `n=0; for r in $(seq 1 20); do ${round}; sleep 0.05; done`;
    const Config = { "max-size": "30k", "max-file": "5" };
    const LogConfig = { Type: "json-file", Config };
    await containers.run("web", script, { HostConfig: { LogConfig } });
    const follower = follow();
    const linesOf = (stream: LogChunk["stream"]): readonly number[] =>
      joined(follower.chunks, stream).toString().trim().split("\n").map(Number);
    const both = ["stdout", "stderr"] as const;
    await soon(() => both.every((stream) => linesOf(stream).at(-1) === 2000));

    for (const stream of both) {
      const lines = linesOf(stream);
      expect(lines).toEqual([...new Set(lines)].toSorted((one, other) => one - other));
      // The engine itself skips what it writes while it changes to a new file (seen with 20.10).
      expect(lines.length).toBeGreaterThan(1000);
    }
  });

  it("are followed over times in which the engine does not answer", async () => {
    const container = await containers.run("web", "echo run; sleep 600");
    const client = TestContainers.clientAt(proxy.endpoint);
    const find: LogReading["find"] = async (signal) => {
      await client.version(signal);
      return containers.source("web");
    };
    const follower = follow({ client, find });
    await soon(() => follower.text() === "run\n");
    await proxy.cut();
    await container.restart({ t: 0 });
    await proxy.resume();
    await soon(() => follower.text() === "run\nrun\n");
  });

  it("cannot be followed while the engine does not answer", async () => {
    await containers.ran("web", "echo run");
    await proxy.cut();

    expect(AgentError.hasCode(await follow().ended, "RUNTIME_UNAVAILABLE")).toBe(true);
  });

  it("stop being followed with the signal's reason, also where nothing is written", async () => {
    await containers.run("web", "sleep 600");
    const follower = follow();
    await soon(() => proxy.requests("/logs") === 1);
    const reason = new Error("enough");
    ending.abort(reason);

    expect(await follower.ended).toBe(reason);
    await soon(() => proxy.connections === 0);
  });

  it("are left in the engine by a reader who is slow", async () => {
    await containers.ran("web", "seq 1 100000");
    const logs = readContainerLogs(containers.id("web"), reading({ follow: false }))[
      Symbol.asyncIterator
    ]();
    const first = await logs.next();
    let passedBytes = -1;
    await soon(async () => {
      const before = passedBytes;
      passedBytes = proxy.answerBytes;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return before === passedBytes;
    });
    let bytes = first.done === true ? 0 : first.value.data.length;
    for await (const chunk of { [Symbol.asyncIterator]: () => logs }) bytes += chunk.data.length;

    expect(passedBytes).toBeLessThan(2 * 1024 * 1024);
    expect(bytes).toBe(Buffer.byteLength(numbers(1, 100_000)));
  });

  it("of a program that ends at once over and over are read no more often than needed", async () => {
    const container = await containers.ran("web", "echo run");
    let hint = (): void => {};
    const follower = follow({ onHint: (listener) => ((hint = listener), () => {}) });
    await soon(() => follower.text() === "run\n");
    for (let n = 0; n < 5; n += 1) {
      await container.start();
      hint();
      await container.wait();
      hint();
    }
    await soon(() => follower.text() === "run\n".repeat(6));

    expect(proxy.requests("/logs")).toBeLessThanOrEqual(13);
  });
});
