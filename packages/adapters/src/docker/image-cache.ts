import type { DockerClient } from "./docker-client.ts";
import type { ImageReport } from "./docker-reports.ts";

/** Images by their id, asked for once: what an id names never changes. What is no longer there is not remembered. */
export class ImageCache {
  readonly #client: DockerClient;
  readonly #known = new Map<string, ImageReport>();

  constructor(client: DockerClient) {
    this.#client = client;
  }

  /** The image of this id; undefined when it is not there. Its tags are those of the first look: they are not to be relied on. */
  async find(imageId: string, signal: AbortSignal): Promise<ImageReport | undefined> {
    const known = this.#known.get(imageId);
    if (known !== undefined) return known;
    const report = await this.#client.image(imageId, signal);
    if (report?.Id === imageId) this.#known.set(imageId, report);
    return report;
  }

  /** Forgets all images but those in use. */
  forgetAllBut(inUse: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!inUse.has(id)) this.#known.delete(id);
  }
}
