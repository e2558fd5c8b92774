import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { CrashStage, CrashWorkload, LiveInstance } from "./crash-stage.ts";
import type { NodeUnderTest } from "./node-under-test.ts";

/** Processes of this machine as the workloads of a story. They are found by a mark in their environment. */
export class ProcessStage implements CrashStage {
  readonly #node: NodeUnderTest;

  constructor(node: NodeUnderTest) {
    this.#node = node;
  }

  id(name: string): string {
    return name;
  }

  apply(id: string, { revisionId, exitCode }: CrashWorkload): Promise<unknown> {
    const noted = `echo ${revisionId} >> ${this.#node.file(id)}`;
    const env = { PERSYS_TEST_MARK: this.#mark(id), PERSYS_TEST_REVISION: revisionId };
    return this.#node.apply(
      id,
      exitCode === undefined
        ? { script: `${noted}; exec sleep 900`, revisionId, env, stopGraceSeconds: 2 }
        : { script: `${noted}; sleep 0.3; exit ${exitCode}`, revisionId, env, policy: "no" },
    );
  }

  /** One for each session: what a program starts stays in its own. */
  live(): Promise<readonly LiveInstance[]> {
    const bySession = new Map(
      processesOf(this.#node.folder).map((it) => [`${it.mark} ${it.session}`, it]),
    );
    const prefix = this.#mark("");
    const found = [...bySession.values()].filter(({ mark }) => mark.startsWith(prefix));
    return Promise.resolve(
      found.map(({ mark, revision }) => ({
        id: mark.slice(prefix.length),
        revisionId: revision,
      })),
    );
  }

  run(id: string): Promise<string> {
    const pids = processesOf(this.#mark(id)).map((it) => it.pid);
    return Promise.resolve(pids.join(" "));
  }

  place(): Promise<string> {
    return Promise.resolve("");
  }

  lines(id: string): readonly string[] {
    return this.#node.lines(id);
  }

  async surplus(ids: readonly string[]): Promise<readonly string[]> {
    const strangers = (await this.live()).filter((it) => !ids.includes(it.id));
    const folders = ids.length === 0 ? remains(`${this.#node.agent.devDir}/processes`) : [];
    return [...strangers.map((it) => `process of ${it.id}`), ...folders];
  }

  #mark(id: string): string {
    return `${this.#node.folder}/${id}`;
  }
}

interface MarkedProcess {
  readonly pid: number;
  readonly session: string;
  readonly mark: string;
  readonly revision: string;
}

/** Live processes that carry the mark in their environment, shells and what they became. */
function processesOf(mark: string): readonly MarkedProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const variables = readOr(`/proc/${name}/environ`).split("\0");
      const own = valueOf("PERSYS_TEST_MARK", variables);
      if (own === undefined || (own !== mark && !own.startsWith(`${mark}/`))) return [];
      const stat = readOr(`/proc/${name}/stat`);
      const [, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (session === undefined) return [];
      const revision = valueOf("PERSYS_TEST_REVISION", variables) ?? "";
      return [{ pid: Number(name), session, mark: own, revision }];
    });
}

function valueOf(name: string, variables: readonly string[]): string | undefined {
  return variables.find((it) => it.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** A zombie and a process that has gone read as empty. */
function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Folders of instances that are left. */
function remains(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((it) => it.isDirectory())
    .flatMap((it) => readdirSync(`${root}/${it.name}`).map((name) => `${it.name}/${name}`));
}
