/** What a traced process did to one file, and what it said. */
export type DiskEvent =
  /** `isSynced`: safe when the call returns. */
  | {
      readonly kind: "write";
      readonly at: number;
      readonly bytes: Buffer;
      readonly isSynced: boolean;
    }
  /** All earlier writes are safe. */
  | { readonly kind: "sync" }
  /** On standard output. */
  | { readonly kind: "said"; readonly line: string };

interface Call {
  readonly name: string;
  readonly fd: string;
  readonly path: string;
  readonly rest: string;
  readonly result: string;
}

/**
 * The events in what `strace -f -y -xx` wrote, in the order in which the calls returned.
 * @throws {Error} for a write that it does not understand.
 */
export function diskEvents(trace: string, file: string): readonly DiskEvent[] {
  const reader = new TraceReader(file);
  return [...wholeCalls(trace)].flatMap((line) => reader.eventsOf(line));
}

class TraceReader {
  readonly #file: string;
  /** Descriptors whose writes are safe when they return. */
  readonly #synced = new Set<string>();
  /** Where each descriptor stands. */
  readonly #places = new Map<string, number>();

  constructor(file: string) {
    this.#file = file;
  }

  eventsOf(line: string): readonly DiskEvent[] {
    const opened = /^openat\(.*\) += (?<fd>\d+)<(?<path>[^>]*)>/.exec(line)?.groups;
    if (opened !== undefined) {
      const isSynced = text(opened["path"]) === this.#file && line.includes("O_DSYNC");
      if (isSynced) this.#synced.add(opened["fd"] ?? "");
      return [];
    }
    const call = parsed(line);
    if (call === undefined || call.result.startsWith("-")) return [];
    if (call.path === this.#file) return this.#changesBy(call);
    return call.fd === "1" && call.name === "write" ? saidBy(call) : [];
  }

  #changesBy(call: Call): readonly DiskEvent[] {
    switch (call.name) {
      case "fdatasync":
      case "fsync":
        return [{ kind: "sync" }];
      case "lseek":
        this.#places.set(call.fd, Number(call.result));
        return [];
      case "pwrite64":
      case "pwritev":
        return this.#writeBy(call, Number(/, (?<at>\d+)$/.exec(call.rest)?.groups?.["at"]));
      case "writev":
      case "write": {
        const at = this.#places.get(call.fd);
        if (at === undefined) throw new Error("a write without a place");
        this.#places.set(call.fd, at + Number(call.result));
        return this.#writeBy(call, at);
      }
      default:
        throw new Error(`${call.name} is not known`);
    }
  }

  #writeBy({ fd, rest, result }: Call, at: number): readonly DiskEvent[] {
    const parts = [...rest.matchAll(/"(?<bytes>[^"]*)"/g)];
    const bytes = Buffer.concat(parts.map(({ groups }) => bytesOf(groups?.["bytes"])));
    if (bytes.length < Number(result)) throw new Error("a write that is not traced whole");
    const isSynced = this.#synced.has(fd);
    return [{ kind: "write", at, bytes: bytes.subarray(0, Number(result)), isSynced }];
  }
}

function saidBy({ rest }: Call): readonly DiskEvent[] {
  const said = text(/"(?<bytes>[^"]*)"/.exec(rest)?.groups?.["bytes"]);
  return said
    .split("\n")
    .filter(Boolean)
    .map((line) => ({ kind: "said", line }));
}

/** Calls that others came between are written in two lines. */
function* wholeCalls(trace: string): Generator<string> {
  const begun = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const { pid = "", said = "" } = /^(?<pid>\d+) +(?<said>.*)$/.exec(line)?.groups ?? {};
    const unfinished = " <unfinished ...>";
    if (said.endsWith(unfinished)) {
      begun.set(pid, said.slice(0, -unfinished.length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(?<rest>.*)$/.exec(said)?.groups?.["rest"];
    yield resumed === undefined ? said : (begun.get(pid) ?? "") + resumed;
  }
}

function parsed(line: string): Call | undefined {
  const call = /^(?<name>\w+)\((?<fd>\d+)<(?<path>[^>]*)>(?<rest>.*)\) += (?<result>-?\d+)/.exec(
    line,
  );
  const { name = "", fd = "", path = "", rest = "", result = "" } = call?.groups ?? {};
  return call === null ? undefined : { name, fd, path: text(path), rest, result };
}

function bytesOf(escaped: string | undefined): Buffer {
  return Buffer.from((escaped ?? "").replaceAll("\\x", ""), "hex");
}

function text(escaped: string | undefined): string {
  return bytesOf(escaped).toString("utf8");
}
