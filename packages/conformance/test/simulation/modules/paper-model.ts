import type {
  ModelInstance,
  ModelSpec,
  RuntimeModel,
  RuntimeModelFactory,
} from "@persys/conformance";
import {
  AgentError,
  type Glance,
  type Instance,
  isWorkloadId,
  type Json,
  type Observation,
  type RuntimeHealth,
  type Target,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";

/** A workload that is a sheet of paper: it lies in the tray (runs) or in a drawer (does not). */
interface Sheet {
  readonly handle: string;
  readonly target: Target;
  isInTray: boolean;
  run: number;
  runSinceMs: number;
}

interface Folder {
  readonly id: WorkloadId;
  current: Sheet | undefined;
  kept: Sheet | undefined;
  readonly printed: Set<string>;
}

const specs: readonly [ModelSpec, ...ModelSpec[]] = [
  { name: "letter", spec: {}, noteMember: "text", ends: ["running"] },
];

/** A runtime of one's own under simulation: `persys-conformance sim --module ./paper-model.ts`. */
export const createModel: RuntimeModelFactory = ({ clock }) => new PaperModel(() => clock.wallMs());

class PaperModel implements RuntimeModel {
  readonly type = "paper";
  readonly specs: readonly [ModelSpec, ...ModelSpec[]] = specs;
  readonly disturbances: RuntimeModel["disturbances"] = [
    {
      name: "is put away",
      strike: (id) => {
        const sheet = this.folders.get(id)?.current;
        if (sheet?.isInTray !== true) return false;
        sheet.isInTray = false;
        return true;
      },
    },
  ];
  readonly folders = new Map<string, Folder>();
  readonly nowMs: () => number;
  #count = 0;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  connect(): { readonly runtime: WorkloadRuntime; readonly die: () => void } {
    const runtime = new PaperRuntime(this);
    return { runtime, die: () => runtime.die() };
  }

  instancesOf(id: string): readonly ModelInstance[] {
    const folder = this.folders.get(id);
    return [folder?.current, folder?.kept]
      .filter((sheet) => sheet !== undefined)
      .map((sheet) => ({
        revisionId: sheet.target.revisionId,
        specDigest: sheet.target.specDigest,
        isLive: sheet.isInTray,
        isKept: sheet === folder?.kept,
      }));
  }

  preparedOf(id: string): readonly string[] {
    return [...(this.folders.get(id)?.printed ?? [])];
  }

  ids(): Iterable<string> {
    return this.folders.keys();
  }

  violations(): readonly string[] {
    return [...this.folders.values()]
      .filter(({ current, kept }) => current?.isInTray === true && kept?.isInTray === true)
      .map(({ id }) => `two sheets of ${id} lie in the tray`);
  }

  reboot(): void {
    for (const { current, kept } of this.folders.values()) {
      if (current !== undefined) current.isInTray = false;
      if (kept !== undefined) kept.isInTray = false;
    }
  }

  heal(): void {
    // Nothing in this world goes on going wrong.
  }

  folder(id: WorkloadId): Folder {
    const folder = this.folders.get(id) ?? {
      id,
      current: undefined,
      kept: undefined,
      printed: new Set(),
    };
    this.folders.set(id, folder);
    return folder;
  }

  next(): number {
    this.#count += 1;
    return this.#count;
  }

  /** Nothing is left of a folder in which there is nothing. */
  tidy({ id, current, kept, printed }: Folder): void {
    if (current === undefined && kept === undefined && printed.size === 0) this.folders.delete(id);
  }
}

class PaperRuntime implements WorkloadRuntime {
  readonly type = "paper";
  readonly capabilities = { events: false, logs: false, usage: false };
  readonly #model: PaperModel;
  #isDead = false;

  constructor(model: PaperModel) {
    this.#model = model;
  }

  die(): void {
    this.#isDead = true;
  }

  parseSpec(input: unknown): ReturnType<WorkloadRuntime["parseSpec"]> {
    const spec = input as Json;
    return {
      ok: true,
      value: { spec, restart: { kind: "always" }, stopGraceMs: 1_000, labels: {} },
    };
  }

  redactSpec(spec: Json): Json {
    return spec;
  }

  async demands(): ReturnType<WorkloadRuntime["demands"]> {
    return { cpuMillicores: 0, memoryBytes: 0, hostPaths: [], user: "" };
  }

  async probe(): Promise<RuntimeHealth> {
    return { healthy: true, version: "paper" };
  }

  async list(): Promise<ReadonlyMap<WorkloadId, Glance>> {
    const glances = new Map<WorkloadId, Glance>();
    for (const id of this.#model.folders.keys()) {
      const seen = isWorkloadId(id) ? this.#look(id) : undefined;
      if (seen?.kind === "present" && isWorkloadId(id)) glances.set(id, seen.glance);
    }
    return glances;
  }

  async observe(id: WorkloadId): Promise<Observation> {
    return this.#look(id);
  }

  async prepare(target: Target): Promise<void> {
    await this.#alive();
    this.#model.folder(target.id).printed.add(target.specDigest);
  }

  async start(target: Target): Promise<void> {
    await this.#alive();
    const folder = this.#printed(target);
    folder.current ??= this.#sheet(target);
    this.#lay(folder.current);
  }

  async replace(target: Target): Promise<void> {
    await this.#alive();
    const folder = this.#printed(target);
    const { current } = folder;
    if (current !== undefined && current.target.specDigest !== target.specDigest) {
      current.isInTray = false;
      folder.kept ??= current;
      folder.current = undefined;
    }
    if (folder.kept !== undefined) folder.kept.isInTray = false;
    folder.current ??= this.#sheet(target);
    this.#lay(folder.current);
  }

  async retire(id: WorkloadId, keep: readonly string[]): Promise<void> {
    await this.#alive();
    const folder = this.#model.folder(id);
    folder.kept = undefined;
    for (const digest of folder.printed) if (!keep.includes(digest)) folder.printed.delete(digest);
    this.#model.tidy(folder);
  }

  async restore(id: WorkloadId): Promise<void> {
    await this.#alive();
    const folder = this.#model.folder(id);
    if (folder.kept === undefined) return;
    folder.current = folder.kept;
    folder.kept = undefined;
    this.#lay(folder.current);
  }

  async stop(id: WorkloadId): Promise<void> {
    await this.#alive();
    for (const sheet of [this.#model.folders.get(id)?.current, this.#model.folders.get(id)?.kept]) {
      if (sheet !== undefined) sheet.isInTray = false;
    }
  }

  async remove(id: WorkloadId): Promise<void> {
    await this.#alive();
    this.#model.folders.delete(id);
  }

  /** What the dead ask for does not happen. */
  async #alive(): Promise<void> {
    if (this.#isDead) await new Promise(() => {});
  }

  #printed(target: Target): Folder {
    const folder = this.#model.folders.get(target.id);
    if (folder?.printed.has(target.specDigest) === true) return folder;
    throw new AgentError("NOT_PREPARED", "it has yet to be printed", {
      retryable: true,
      effect: "none",
    });
  }

  #sheet(target: Target): Sheet {
    return {
      handle: `sheet-${this.#model.next()}`,
      target,
      isInTray: false,
      run: 0,
      runSinceMs: 0,
    };
  }

  #lay(sheet: Sheet): void {
    if (sheet.isInTray) return;
    sheet.isInTray = true;
    sheet.run = this.#model.next();
    sheet.runSinceMs = this.#model.nowMs();
  }

  #look(id: WorkloadId): Observation {
    const folder = this.#model.folders.get(id);
    const sheets = [folder?.current, folder?.kept].filter((sheet) => sheet !== undefined);
    if (sheets.length === 0) return { kind: "absent" };
    const instances = sheets.map((sheet) => this.#instance(sheet, sheet === folder?.kept));
    const glance = instances.map((it) => `${it.handle} ${it.state} ${it.run ?? ""} ${it.kept}`);
    return { kind: "present", instances, glance: glance.join() };
  }

  #instance({ handle, target, isInTray, run, runSinceMs }: Sheet, kept: boolean): Instance {
    const { uid, revisionId, specDigest } = target;
    const state = isInTray ? "running" : run === 0 ? "created" : "exited";
    return {
      handle,
      uid,
      revisionId,
      specDigest,
      kept,
      state,
      health: "none",
      ...(run === 0 ? {} : { run: String(run), startedAtMs: runSinceMs }),
      ...(state === "exited" ? { exit: { kind: "code", code: 1 } as const } : {}),
      drift: [],
      facts: {},
    };
  }
}
