import type { Instance, InstanceExit, InstanceState } from "@persys/core";
import type { FolderContent, Run, RunState } from "./instance-folder.ts";

/** What an instance's folder holds, when it is complete. */
export type InstanceContent = Extract<FolderContent, { readonly kind: "instance" }>;

const stateOf: Readonly<Record<RunState, InstanceState>> = {
  starting: "starting",
  running: "running",
  paused: "paused",
  ending: "stopping",
  exited: "exited",
};

/** An instance as the engine sees it. */
export function toInstance(content: InstanceContent, kept: boolean): Instance {
  const { meta, run } = content;
  const identity = {
    handle: meta.handle,
    uid: meta.uid,
    revisionId: meta.revisionId,
    specDigest: meta.specDigest,
    kept,
    health: "none",
    drift: [],
  } as const;
  if (run === undefined) return { ...identity, state: "created", facts: {} };
  return {
    ...identity,
    state: stateOf[run.state],
    run: `${meta.handle}/${run.number}`,
    ...(run.startedAtMs === undefined ? {} : { startedAtMs: run.startedAtMs }),
    ...(run.state === "exited" ? { exit: toExit(run) } : {}),
    facts: factsOf(run),
  };
}

/** A folder of ours that a creation or removal left: nothing in it ever ran, or what ran there was ended before. */
export function halfMadeInstance(): Instance {
  return {
    handle: "half-made",
    uid: "",
    revisionId: "",
    specDigest: "",
    kept: false,
    state: "created",
    health: "none",
    drift: [],
    facts: {},
  };
}

/** A text that is the same as long as the instances are in substance: which they are, and how their newest run stands. */
export function glanceOf(instances: readonly Instance[]): string {
  return instances
    .map((it) => {
      const exit = it.exit?.kind === "code" ? `${it.exit.code}` : "";
      const lost = it.facts["process.supervisor"] ?? "";
      return [it.kept ? "kept" : "current", it.run ?? it.handle, it.state, exit, lost].join(" ");
    })
    .join("|");
}

function toExit(run: Run): InstanceExit {
  if (run.exit === undefined) return { kind: "unknown" };
  const { code, oomKilled, endedAtMs } = run.exit;
  return { kind: "code", code, endedAtMs, ...(oomKilled ? { oomKilled } : {}) };
}

function factsOf(run: Run): Readonly<Record<string, string>> {
  const { exit, record, state } = run;
  const facts: Record<string, string> = {};
  if (record !== undefined && state !== "exited") facts["process.pid"] = String(record.pid);
  if (record !== undefined && (state === "running" || state === "paused") && !run.isSupervised)
    facts["process.supervisor"] = "lost";
  if (exit === undefined) return facts;
  facts["process.exit_code"] = String(exit.code);
  if (exit.signal !== 0) facts["process.exit_signal"] = String(exit.signal);
  if (exit.notExecuted) facts["process.not_executed"] = "true";
  return facts;
}
