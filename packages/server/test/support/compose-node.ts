import { writeFileSync } from "node:fs";
import type { ApplyWorkloadResponse } from "@persys/transports/gen";
import type { Until } from "../../../../test/until-suite-ends.ts";
import { ContainerNode, type ContainerNodeStart } from "./container-node.ts";
import type { NodeUnderTest, SpecApply } from "./node-under-test.ts";
import { runPersysctl } from "./run-persysctl.ts";

/** How a compose file is applied. */
export interface ComposeApply extends Pick<SpecApply, "revisionId" | "validateOnly"> {
  readonly env?: Readonly<Record<string, string>>;
}

/** A container of a service: which it is, and which run of it. */
interface SeenService {
  readonly containerId: string;
  readonly state: string;
  readonly startedAt: string;
}

/** A running agent over a real engine and a compose command, with persysctl beside it. What it has in the engine goes with the test. */
export class ComposeNode {
  readonly host: ContainerNode;

  private constructor(host: ContainerNode) {
    this.host = host;
  }

  /** With the compose command of these words. */
  static async start(
    words: readonly string[],
    options: ContainerNodeStart = {},
  ): Promise<ComposeNode> {
    return new ComposeNode(await ContainerNode.start(withCompose(words, options)));
  }

  /** One for all tests of a suite. Called before all of them. */
  static async ofSuite(
    until: Until,
    words: readonly string[],
    options: ContainerNodeStart = {},
  ): Promise<ComposeNode> {
    return new ComposeNode(await ContainerNode.ofSuite(until, withCompose(words, options)));
  }

  get node(): NodeUnderTest {
    return this.host.node;
  }

  /** Applies a compose file to an id. */
  async apply(
    id: string,
    composeYaml: string,
    { env = {}, ...options }: ComposeApply = {},
  ): Promise<ApplyWorkloadResponse> {
    const spec = { case: "compose", value: { composeYaml, env: { ...env } } } as const;
    return this.node.applySpec(id, { spec }, options);
  }

  /** Runs persysctl next to the agent. */
  async ctl(...args: readonly string[]): Promise<string> {
    return runPersysctl(this.node, ...args);
  }

  /** A compose file where persysctl finds it. */
  file(composeYaml: string): string {
    const path = this.node.file("compose.yaml");
    writeFileSync(path, composeYaml);
    return path;
  }

  /** The ids of the containers of a workload, by service. @throws where a service has several. */
  async containerIds(id: string): Promise<ReadonlyMap<string, string>> {
    const found = await this.host.outsider.containers(id);
    const ids = new Map(
      found.map((one) => [one.Labels["com.docker.compose.service"] ?? "", one.Id]),
    );
    if (ids.size !== found.length) throw new Error(`a service of ${id} has several containers`);
    return ids;
  }

  /** The container of each service as it is now. */
  async services(id: string): Promise<Readonly<Record<string, SeenService>>> {
    const entries = [...(await this.containerIds(id))].map(async ([service, containerId]) => {
      const { State } = await this.host.docker.getContainer(containerId).inspect();
      return [service, { containerId, state: State.Status, startedAt: State.StartedAt }] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  /** Runs a command in the container of a service, and resolves with what it printed. */
  async exec(id: string, service: string, command: readonly string[]): Promise<string> {
    const containerId = (await this.containerIds(id)).get(service) ?? "";
    const container = this.host.docker.getContainer(containerId);
    const exec = await container.exec({ Cmd: [...command], AttachStdout: true, Tty: true });
    let text = "";
    for await (const piece of await exec.start({ Tty: true })) text += String(piece);
    return text.replaceAll("\r\n", "\n");
  }
}

function withCompose(
  words: readonly string[],
  { env = {}, ...rest }: ContainerNodeStart,
): ContainerNodeStart {
  return {
    ...rest,
    env: { PERSYS_COMPOSE_ENABLED: "true", PERSYS_COMPOSE_BINARY: words.join(" "), ...env },
  };
}
