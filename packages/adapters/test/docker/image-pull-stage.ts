import type Docker from "dockerode";
import { dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { DockerClient, type RegistryCredentials } from "../../src/docker/docker-client.ts";
import { ImagePuller } from "../../src/docker/image-pull.ts";
import { forever } from "../support/runtime-calls.ts";
import { RegistryProxy } from "../../../../test/docker/registry-proxy.ts";

export const silent = (): void => undefined;

/** The engine of all tests, the open registry behind a proxy, and what pulls from there. */
export class PullStage {
  readonly docker: Docker;
  readonly client: DockerClient;
  readonly proxy: RegistryProxy;
  readonly #references = new Set<string>();

  private constructor(proxy: RegistryProxy) {
    const { endpoint } = dockerHost();
    this.docker = dockerAt(endpoint);
    this.client = new DockerClient({ url: endpoint });
    this.proxy = proxy;
  }

  static async open(): Promise<PullStage> {
    return new PullStage(await RegistryProxy.before(dockerHost().registry));
  }

  puller(idleTimeoutMs = 60_000): ImagePuller {
    return new ImagePuller({ client: this.client, isLocal: true, idleTimeoutMs });
  }

  /** Pulls for as long as it takes. */
  async pull(
    reference: string,
    credentials?: RegistryCredentials,
    puller: ImagePuller = this.puller(),
  ): Promise<void> {
    this.willRemove(reference);
    await puller.pull({ reference, credentials }, forever, silent);
  }

  async has(reference: string): Promise<boolean> {
    return (await this.client.image(reference, forever)) !== undefined;
  }

  /** Marks an image to be removed by {@link close}. */
  willRemove(reference: string): void {
    this.#references.add(reference);
  }

  async close(): Promise<void> {
    await this.proxy.close();
    for (const reference of this.#references)
      if (await this.has(reference)) await this.docker.getImage(reference).remove();
  }
}
