import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  currentInstance,
  type Instance,
  type Observation,
  type RuntimeEvent,
  type Target,
  type WorkloadId,
} from "@persys/core";
import { onTestFinished } from "vitest";
import { LibvirtOutsider } from "../../../../test/libvirt/libvirt-outsider.ts";
import { LibvirtRuntime } from "../../src/libvirt/libvirt-runtime.ts";
import { aTarget, workloadId } from "./targets.ts";

/** Gets an address of a network from a CD, and hears no power button. */
const ipxeImage = "/usr/lib/ipxe/ipxe.iso";

const { signal } = new AbortController();

/** A runtime with folders and names of one test, at a daemon that it shares with others. */
export class LibvirtHarness {
  readonly runtime: LibvirtRuntime;
  readonly outsider: LibvirtOutsider;
  readonly root: string;
  readonly #prefix = `lv-${randomUUID().slice(0, 8)}`;

  private constructor(uri: string, root: string) {
    this.root = root;
    this.outsider = new LibvirtOutsider(uri);
    const folders = { folder: join(root, "vm"), diskFolder: join(root, "disks") };
    this.runtime = new LibvirtRuntime({ nodeId: this.#prefix, uri, ...folders });
  }

  /** One that lasts as long as the test, with its machines. */
  static async open(uri: string): Promise<LibvirtHarness> {
    const root = await mkdtemp("/tmp/persys-lh-");
    const harness = new LibvirtHarness(uri, root);
    onTestFinished(() => harness.#close());
    return harness;
  }

  id(name = "a"): WorkloadId {
    return workloadId(`${this.#prefix}-${name}`);
  }

  /** A revision of a machine that gets an address and has a disk, with something of its own. */
  revision(revisionId: string, spec: object = {}, id: WorkloadId = this.id()): Target {
    const whole = {
      vcpus: 1,
      memoryMb: 64,
      disks: [{ sizeGb: 1 }, { path: ipxeImage, format: "iso" }],
      networks: [{}],
      ...spec,
    };
    return aTarget({
      id,
      revisionId,
      specDigest: `digest-${revisionId}`,
      spec: whole,
      stopGraceMs: 0,
    });
  }

  async prepare(target: Target): Promise<void> {
    await this.runtime.prepare(target, signal, () => {});
  }

  async start(target: Target): Promise<void> {
    await this.prepare(target);
    await this.runtime.start(target, signal);
  }

  async replace(target: Target): Promise<void> {
    await this.prepare(target);
    await this.runtime.replace(target, signal);
  }

  observe(id: WorkloadId = this.id()): Promise<Observation> {
    return this.runtime.observe(id, signal);
  }

  /** The current instance. @throws where there is none */
  async current(id: WorkloadId = this.id()): Promise<Instance> {
    const seen = await this.observe(id);
    const current = currentInstance(seen);
    if (current === undefined) throw new Error(`nothing of ${id}: ${JSON.stringify(seen)}`);
    return current;
  }

  /** Hints from now on, until the test ends. */
  async hints(): Promise<RuntimeEvent[]> {
    const stop = new AbortController();
    const hints: RuntimeEvent[] = [];
    const subscribed = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const event of this.runtime.events(stop.signal)) {
        hints.push(event);
        if (event.what === "subscribed") subscribed.resolve();
      }
    })().catch(() => {});
    onTestFinished(async () => {
      stop.abort();
      await reading;
    });
    await subscribed.promise;
    return hints;
  }

  /** All files of this test's machines, by their paths in its folder. */
  async files(): Promise<readonly string[]> {
    const found = await readdir(this.root, { recursive: true, withFileTypes: true });
    return found.flatMap((it) => (it.isFile() ? [it.name] : []));
  }

  async #close(): Promise<void> {
    const names = await this.outsider.names().catch(() => []);
    await this.outsider.removeAll(names.filter((it) => it.startsWith(this.#prefix)));
    await this.runtime.close();
    await rm(this.root, { recursive: true, force: true });
  }
}
