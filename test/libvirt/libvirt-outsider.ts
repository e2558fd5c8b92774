import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { type GuestBoot, guestBoots } from "../vm/guest-console.ts";

const run = promisify(execFile);

/** Somebody else with access to a daemon, who uses libvirt's own command: does what an agent has to notice, and counts what is there. */
export class LibvirtOutsider {
  readonly uri: string;

  constructor(uri: string) {
    this.uri = uri;
  }

  /** What `virsh` prints for these words. @throws where it fails */
  async virsh(...words: readonly string[]): Promise<string> {
    const { stdout } = await run("virsh", ["-q", "-c", this.uri, ...words]);
    return stdout.trim();
  }

  /** Whether there is a machine of this name. */
  async has(name: string): Promise<boolean> {
    return (await this.names()).includes(name);
  }

  /** All machines, running or not. */
  async names(): Promise<readonly string[]> {
    return linesOf(await this.virsh("list", "--all", "--name"));
  }

  /** `running`, `paused`, `shut off`…, or `absent`. */
  async state(name: string): Promise<string> {
    return (await this.has(name)) ? this.virsh("domstate", name) : "absent";
  }

  /** libvirt's number of the run, another for each start; `-` while it is down. */
  async runId(name: string): Promise<string> {
    return this.virsh("domid", name);
  }

  async uuid(name: string): Promise<string> {
    return this.virsh("domuuid", name);
  }

  /** The description that is defined. */
  async xml(name: string): Promise<string> {
    return this.virsh("dumpxml", "--inactive", name);
  }

  /** The boots of the guest of the tests, by what it said on the console of a machine. None where it has no console yet. */
  async boots(name: string): Promise<readonly GuestBoot[]> {
    // Of what runs, which its definition may have changed under.
    const xml = await this.virsh("dumpxml", name);
    const [, path] = /<log file='([^']*)'/.exec(xml) ?? [];
    if (path === undefined) return [];
    return guestBoots(await readFile(path, "utf8").catch(() => ""));
  }

  /** The last boot of the guest; undefined before the first. */
  async lastBoot(name: string): Promise<GuestBoot | undefined> {
    return (await this.boots(name)).at(-1);
  }

  /** The addresses of its hardware, in the order of its interfaces. */
  async macs(name: string): Promise<readonly string[]> {
    const found = (await this.xml(name)).matchAll(/<mac address='([^']*)'/g);
    return [...found].map(([, mac = ""]) => mac);
  }

  /** The files of its disks and CDs. */
  async diskPaths(name: string): Promise<readonly string[]> {
    const found = (await this.xml(name)).matchAll(/<source file='([^']*)'/g);
    return [...found].map(([, path = ""]) => path);
  }

  /** The address that the network `default` has given to hardware; empty for none. */
  async lease(mac: string): Promise<string> {
    const leases = linesOf(await this.virsh("net-dhcp-leases", "default"));
    const found = leases.find((it) => it.includes(mac)) ?? "";
    return /(\d+(?:\.\d+){3})\//.exec(found)?.[1] ?? "";
  }

  /** What the network `default` sets aside for hardware. */
  async reservations(mac: string): Promise<readonly string[]> {
    const lines = linesOf(await this.virsh("net-dumpxml", "default"));
    return lines.filter((it) => it.startsWith("<host") && it.includes(mac));
  }

  /** Defines a machine that is nobody's of ours. */
  async define(xml: string): Promise<void> {
    // What node gives a command for its input is a socket, which cannot be opened by name.
    const script = 'printf %s "$1" | virsh -q -c "$2" define /dev/stdin';
    await run("sh", ["-c", script, "sh", xml, this.uri]);
  }

  /** Removes machines by name, whatever they are doing. */
  async removeAll(names: Iterable<string>): Promise<void> {
    const there = new Set(await this.names());
    for (const name of names) {
      if (!there.has(name)) continue;
      await this.virsh("destroy", name).catch(() => undefined);
      await this.virsh("undefine", "--nvram", "--managed-save", "--snapshots-metadata", name).catch(
        () => undefined,
      );
    }
  }
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").flatMap((it) => (it.trim() === "" ? [] : [it.trim()]));
}
