import { execFile } from "node:child_process";
import { mkdtemp, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import type { Until } from "../until-suite-ends.ts";

const run = promisify(execFile);
const testHost = fileURLToPath(new URL("../../scripts/test-host", import.meta.url));

/** A libvirt of one test alone, for what nobody may do to the shared one. Its machines outlive its daemon. */
export class PrivateLibvirt {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** One that lasts as long as the test. */
  static async start(until: Until = onTestFinished): Promise<PrivateLibvirt> {
    const libvirt = new PrivateLibvirt(await mkdtemp("/tmp/persys-lv-"));
    until(async () => {
      await run(testHost, ["libvirtd-down", libvirt.root]);
    });
    await libvirt.up();
    return libvirt;
  }

  get uri(): string {
    return this.uriOf("qemu:///system");
  }

  /** The way to another of its hypervisors: `test:///default` is one in its memory. */
  uriOf(name: string): string {
    return `${name.replace(":", "+unix:")}?socket=${this.root}/s/libvirt-sock`;
  }

  /** Starts it, also after {@link kill}; resolves once it answers. */
  async up(): Promise<void> {
    await run(testHost, ["libvirtd-up", this.root]);
  }

  /** Ends the daemon with SIGKILL. */
  async kill(): Promise<void> {
    await this.#signal("KILL");
  }

  /** Keeps the daemon from answering, with all connections open. */
  async freeze(): Promise<void> {
    await this.#signal("STOP");
  }

  async thaw(): Promise<void> {
    await this.#signal("CONT");
  }

  async #signal(name: string): Promise<void> {
    const guard = (await readFile(`${this.root}/pid`, "utf8")).trim();
    const { stdout } = await run("pgrep", ["-P", guard]);
    // The number in the file is one of its own namespace.
    const script = `kill -${name} "$(cat ${this.root}/libvirtd.pid)"`;
    await run("nsenter", ["--target", stdout.trim(), "--mount", "--pid", "sh", "-c", script]);
  }
}
