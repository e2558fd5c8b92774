import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "@persys/core";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { DhcpLeases } from "../../src/libvirt/dhcp-leases.ts";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import { HypervisorHost } from "../../src/libvirt/hypervisor-host.ts";
import { procedures } from "../../src/libvirt/rpc/gen/protocol.ts";
import { LibvirtClient, type NetworkDhcpLease } from "../../src/libvirt/rpc/index.ts";
import { StubDaemon } from "./rpc/stub-daemon.ts";
import { aTarget } from "./targets.ts";

const { id } = aTarget();
const lan = { name: "lan", uuid: "00112233-4455-8677-8899-00000000000a" };
const off = { name: "off", uuid: "00112233-4455-8677-8899-00000000000b" };
const mac = "52:54:00:00:00:01";
const card = { network: "lan", mac };

function lease(changes: Partial<NetworkDhcpLease> = {}): NetworkDhcpLease {
  return {
    iface: "virbr7",
    expirytime: 9n,
    type: 0,
    mac,
    iaid: null,
    ipaddr: "192.168.122.4",
    prefix: 24,
    hostname: null,
    clientid: `01:${mac}`,
    ...changes,
  };
}

describe("DhcpLeases", () => {
  let folder: string;
  let leases: readonly NetworkDhcpLease[];
  let refuses: boolean;
  /** What is logged. */
  let said: string[];

  beforeEach(async () => {
    [leases, refuses, said] = [[lease()], false, []];
    folder = await mkdtemp("/tmp/persys-dl-");
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
  });

  /** One whose program is a script that notes the words it was called with, and then does what is asked. */
  async function withProgram(then = "true"): Promise<DhcpLeases> {
    const program = join(folder, "program");
    await writeFile(program, `#!/bin/sh\nprintf '%s\\n' "$*" >>${folder}/calls\n${then}\n`);
    await chmod(program, 0o755);
    return open(program);
  }

  async function open(program: string): Promise<DhcpLeases> {
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure === procedures.connectListAllNetworks.number) {
        const { args, ret } = procedures.connectListAllNetworks;
        const nets = args.decode(frame.payload).flags === 0 ? [lan, off] : [lan];
        connection.reply(frame, ret.encode({ nets, ret: nets.length }));
        return "done";
      }
      if (frame.procedure === procedures.networkGetBridgeName.number) {
        connection.reply(frame, procedures.networkGetBridgeName.ret.encode({ name: "virbr7" }));
        return "done";
      }
      if (frame.procedure !== procedures.networkGetDhcpLeases.number) return undefined;
      const { args, ret } = procedures.networkGetDhcpLeases;
      const asked = args.decode(frame.payload).mac;
      const told = leases.filter((one) => one.mac === asked);
      if (refuses) connection.refuse(frame, 1, "dnsmasq has gone");
      else connection.reply(frame, ret.encode({ leases: told, ret: told.length }));
      return "done";
    });
    const client = new LibvirtClient(daemon.endpoint);
    onTestFinished(() => client.close());
    const logger = { ...silentLogger, info: (message: string) => void said.push(message) };
    const host = new HypervisorHost(client, "auto");
    return new DhcpLeases({ calls: new DomainCalls(client), host, logger, program });
  }

  async function calls(): Promise<readonly string[]> {
    const text = await readFile(join(folder, "calls"), "utf8").catch(() => "");
    return text.split("\n").filter((line) => line !== "");
  }

  const { signal } = new AbortController();

  it("tells the network's own server by its bridge that each lease of an interface has ended", async () => {
    const other = "52:54:00:00:00:02";
    leases = [
      lease(),
      lease({ ipaddr: "192.168.122.5", clientid: null }),
      lease({ ipaddr: "192.168.122.6", clientid: "*" }),
      lease({ ipaddr: "fd00::4", type: 1 }),
      lease({ ipaddr: "192.168.122.7", mac: other }),
    ];
    await (await withProgram()).release(id, [card], signal);

    expect(await calls()).toEqual([
      `virbr7 192.168.122.4 ${mac} 01:${mac}`,
      `virbr7 192.168.122.5 ${mac}`,
      `virbr7 192.168.122.6 ${mac}`,
    ]);
    expect(said).toEqual([]);
  });

  it("runs nothing where there is no lease, or no such network that is active", async () => {
    const leasing = await withProgram();
    const networks = ["off", "gone", "constructor"].map((network) => ({ network, mac }));
    await leasing.release(id, networks, signal);
    leases = [];
    await leasing.release(id, [card], signal);

    expect(await calls()).toEqual([]);
  });

  it("leaves a lease where the program is not installed, and says which package has it", async () => {
    await (await open(join(folder, "none"))).release(id, [card], signal);

    expect(said).toEqual([expect.stringContaining("dnsmasq-utils")]);
  });

  it("leaves a lease that cannot be ended, and goes on to the next interface", async () => {
    const another = { network: "lan", mac: "52:54:00:00:00:02" };
    leases = [lease(), lease({ ipaddr: "192.168.122.5", mac: another.mac, clientid: null })];
    await (await withProgram('[ "$2" != 192.168.122.4 ]')).release(id, [card, another], signal);

    expect(await calls()).toHaveLength(2);
    expect(said).toHaveLength(1);
  });

  it("leaves leases that libvirt does not tell of", async () => {
    refuses = true;
    await (await withProgram()).release(id, [card], signal);

    expect(await calls()).toEqual([]);
    expect(said).toHaveLength(1);
  });

  it("ends with its signal, and the program with it", async () => {
    const leasing = await withProgram(`echo $$ >${folder}/pid; exec sleep 60`);
    const { signal: mine, abort } = abortable();
    const released = leasing.release(id, [card], mine);
    const pid = async () => (await readFile(join(folder, "pid"), "utf8").catch(() => "")).trim();
    await expect.poll(pid, { timeout: 10_000 }).not.toBe("");
    abort();

    await expect(released).rejects.toThrow("called off");
    const comm = `/proc/${await pid()}/comm`;
    await expect.poll(() => readFile(comm, "utf8").catch(() => "")).not.toBe("sleep\n");
  });
});

function abortable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort(new Error("called off"));
    },
  };
}
