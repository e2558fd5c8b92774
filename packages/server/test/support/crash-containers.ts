import { isDeepStrictEqual } from "node:util";
import { testImages } from "../../../../test/docker/test-images.ts";
import type { ContainerNode } from "./container-node.ts";
import type { CrashStage, CrashWorkload, LiveInstance } from "./crash-stage.ts";

/** Containers as the workloads of a story: what stays has an anonymous volume besides. */
export class ContainerStage implements CrashStage {
  readonly #nodes: ContainerNode;
  /** Those whose image has a volume. */
  readonly #withVolume: Set<string> = new Set();

  constructor(nodes: ContainerNode) {
    this.#nodes = nodes;
  }

  id(name: string): string {
    return this.#nodes.id(name);
  }

  apply(id: string, { revisionId, exitCode }: CrashWorkload): Promise<unknown> {
    const noted = `echo ${revisionId} >> /out/${id}`;
    const volumes = [{ hostPath: this.#nodes.node.folder, containerPath: "/out" }];
    const script = (end: string): string[] => ["sh", "-c", `${noted}; ${end}`];
    if (exitCode !== undefined) {
      const command = script(`sleep 0.3; exit ${exitCode}`);
      const restartPolicy = { policy: "no" };
      const job = { image: testImages.busybox, command, volumes, restartPolicy };
      return this.#nodes.apply(id, job, { revisionId });
    }
    this.#withVolume.add(id);
    const server = { image: testImages.volume, command: script("exec /bin/linger"), volumes };
    return this.#nodes.apply(id, { ...server, stopGraceSeconds: 2 }, { revisionId });
  }

  async live(): Promise<readonly LiveInstance[]> {
    const all = await this.#nodes.outsider.containers();
    return all
      .filter((it) => it.State === "running" || it.State === "paused")
      .map(({ Labels }) => ({
        id: Labels["persys.workload_id"] ?? "",
        revisionId: Labels["persys.revision_id"] ?? "",
      }));
  }

  async run(id: string): Promise<string> {
    const { Id, State } = await this.#nodes.outsider.inspect(id);
    return `${Id} since ${State.StartedAt}`;
  }

  async place(id: string): Promise<string> {
    const all = await this.#nodes.outsider.containers(id);
    return all.map((it) => it.Id).join(" ");
  }

  lines(id: string): readonly string[] {
    return this.#nodes.node.lines(id);
  }

  /** A container, the image held for it, and a volume where its image has one. */
  async surplus(ids: readonly string[]): Promise<readonly string[]> {
    const census = await this.#nodes.census();
    const found = countsOf(census.map((it) => it.split(" ")[0] ?? ""));
    const needed = countsOf([
      ...ids.flatMap(() => ["container", "image"]),
      ...ids.filter((it) => this.#withVolume.has(it)).map(() => "volume"),
    ]);
    return isDeepStrictEqual(found, needed) ? [] : census;
  }
}

function countsOf(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
