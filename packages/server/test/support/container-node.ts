import { randomUUID } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ApplyWorkloadResponse, ContainerSpecSchema } from "@persys/transports/gen";
import type Docker from "dockerode";
import { onTestFinished } from "vitest";
import { dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { DockerOutsider } from "../../../../test/docker/docker-outsider.ts";
import type { Until } from "../../../../test/until-suite-ends.ts";
import { NodeUnderTest, type SpecApply } from "./node-under-test.ts";
import { tempFolder } from "./temp-folder.ts";

/** A spec of a container as clients send it. */
export type ContainerWorkload = MessageInitShape<typeof ContainerSpecSchema>;

/** How a node with containers is started. */
export interface ContainerNodeStart {
  /** Of the engine. Default: the one that all tests share. */
  readonly endpoint?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Parts {
  readonly outsider: DockerOutsider;
  readonly ids: Set<string>;
  readonly env: Record<string, string>;
}

/**
 * A running agent over a real Docker engine, with a node id of its own, and somebody else with access to that engine. All that the node has
 * there goes with the test, after its agents.
 */
export class ContainerNode {
  readonly node: NodeUnderTest;
  readonly nodeId: string;
  readonly docker: Docker;
  readonly outsider: DockerOutsider;
  readonly #ids: Set<string>;
  readonly #suffix: string = randomUUID().slice(0, 8);

  private constructor(node: NodeUnderTest, { outsider, ids }: Parts) {
    this.node = node;
    this.nodeId = outsider.nodeId;
    this.docker = outsider.docker;
    this.outsider = outsider;
    this.#ids = ids;
  }

  static async start(options: ContainerNodeStart = {}): Promise<ContainerNode> {
    const devDir = tempFolder();
    const parts = partsOf(options, devDir);
    // What was to be undone first is undone last: the agents have ended by then.
    onTestFinished(() => parts.outsider.removeAll(parts.ids));
    return new ContainerNode(await NodeUnderTest.start(parts.env, devDir), parts);
  }

  /** One for all tests of a suite, like {@link NodeUnderTest.ofFile}. Each test has names of its own. Called before all of them. */
  static async ofSuite(until: Until, options: ContainerNodeStart = {}): Promise<ContainerNode> {
    const devDir = mkdtempSync(join(tmpdir(), "persys-server-"));
    const parts = partsOf(options, devDir);
    until(() => parts.outsider.removeAll(parts.ids));
    return new ContainerNode(await NodeUnderTest.ofFile(parts.env, devDir, until), parts);
  }

  /** An id that no other test has: names of containers are shared by all who use an engine. The same name gives the same id. */
  id(name: string): string {
    const id = `${name}-${this.#suffix}`;
    this.#ids.add(id);
    return id;
  }

  /** Applies a container to an {@link id}. */
  async apply(
    id: string,
    spec: ContainerWorkload,
    options: SpecApply = {},
  ): Promise<ApplyWorkloadResponse> {
    return this.node.applySpec(id, { spec: { case: "container", value: spec } }, options);
  }

  /** Changes only the wanted state. */
  async want(id: string, desired: "running" | "stopped"): Promise<void> {
    await this.node.want(id, desired);
  }

  /** The id of the current container, as the status says; empty where there is none. */
  async containerId(id: string): Promise<string> {
    return (await this.node.status(id)).metadata["container.id"] ?? "";
  }

  /** What the node has in the engine: containers, volumes, networks and images held for the ids of this test. */
  async census(): Promise<readonly string[]> {
    return this.outsider.census(this.#ids);
  }
}

function partsOf(
  { endpoint = dockerHost().endpoint, env = {} }: ContainerNodeStart,
  devDir: string,
): Parts {
  const nodeId = `test-${randomUUID()}`;
  // Not by the environment: what ends the processes of a test looks for the node id here.
  writeFileSync(`${devDir}/node-id`, `${nodeId}\n`);
  return {
    outsider: new DockerOutsider(dockerAt(endpoint), nodeId),
    ids: new Set(),
    env: {
      PERSYS_DOCKER_ENABLED: "true",
      PERSYS_COMPOSE_ENABLED: "false",
      PERSYS_DOCKER_ENDPOINT: endpoint,
      // Folders of tests are there.
      PERSYS_ALLOWED_HOST_PATHS: tmpdir(),
      ...env,
    },
  };
}
