import { mkdirSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import { LibvirtProxy } from "../../../../test/libvirt/libvirt-proxy.ts";
import { stateName } from "./node-under-test.ts";
import { StepKiller } from "./step-killer.ts";
import { hasData, idleMachine, sizeGbOf, writeData } from "./vm-data.ts";
import { slowly, VmNode, type VmWorkload } from "./vm-node.ts";

/** More steps than anything takes: where the count ends is found out. */
const stepsMax = 100;

/** A node whose agent can be killed at any step. */
export interface VmCrashStage {
  readonly vms: VmNode;
  readonly killer: StepKiller;
}

export async function vmCrashStage(): Promise<VmCrashStage> {
  const proxy = await LibvirtProxy.before(sharedLibvirtUri());
  onTestFinished(() => proxy.close());
  const vms = await VmNode.start({ uri: proxy.uri, daemon: sharedLibvirtUri() });
  mkdirSync(vms.stateFolder, { recursive: true });
  const folders = [vms.diskFolder, vms.stateFolder];
  const killer = new StepKiller(proxy, folders, () => {
    void vms.node.agent.kill("SIGKILL");
  });
  return { vms, killer };
}

/** A machine with one of everything that is made for one: a disk, an image for cloud-init, an address that is set aside. */
function wholeMachine(number: number): VmWorkload {
  const networks = [{ ipAddress: `192.168.122.${100 + number}/24` }];
  const { disks = [] } = idleMachine();
  const more = { networks, cloudInit: "#!/bin/sh\n", stopGraceSeconds: 1 };
  return { vcpus: 1, memoryMb: 32n, disks, ...more };
}

/** Creates a machine again and again, with the agent killed at each of the steps, one further every time; resolves with how many there were. */
export async function createThroughKills(stage: VmCrashStage): Promise<number> {
  const { vms } = stage;
  for (let step = 1; step <= stepsMax; step += 1) {
    const id = vms.id(`created-${step}`);
    const spec = wholeMachine(step);
    const act = () => vms.apply(id, spec, { revisionId: "r1" });
    const killedAt = await killedDuring(stage, { id, step, act, wanted: "RUNNING r1" });
    const told = `killed at ${killedAt ?? "no step"}`;

    expect(await vms.outsider.state(id), told).toBe("running");
    const [disk, seed] = await vms.outsider.diskPaths(id);
    expect(disk, told).toBe(`${vms.diskFolder}/${id}-vda.img`);
    expect(seed, told).toMatch(/\.iso$/);
    const [mac = ""] = await vms.outsider.macs(id);
    expect(await vms.outsider.reservations(mac), told).toHaveLength(1);
    await vms.remove(id);
    expect(await leftOf(vms, id, mac), told).toEqual([]);
    if (killedAt === undefined) return step - 1;
  }
  return stepsMax;
}

/** Deletes machines, with the agent killed at each of the steps. */
export async function deleteThroughKills(stage: VmCrashStage): Promise<number> {
  const { vms } = stage;
  for (let step = 1; step <= stepsMax; step += 1) {
    const id = vms.id(`deleted-${step}`);
    await vms.apply(id, wholeMachine(step));
    await vms.reaches(id, "RUNNING");
    const [mac = ""] = await vms.outsider.macs(id);
    const act = () => vms.node.client.deleteWorkload({ id });
    const killedAt = await killedDuring(stage, { id, step, act, wanted: "absent" });

    expect(await leftOf(vms, id, mac), `killed at ${killedAt ?? "no step"}`).toEqual([]);
    if (killedAt === undefined) return step - 1;
  }
  return stepsMax;
}

async function leftOf(vms: VmNode, id: string, mac: string): Promise<readonly string[]> {
  return [...(await vms.leftOf(id)), ...(await vms.outsider.reservations(mac))];
}

/** How a machine is changed again and again. */
interface Change {
  /** The spec of the n-th revision. */
  readonly spec: (revision: number) => VmWorkload;
  /** Looks whether the machine is as the revision says. */
  readonly check: (machine: ChangedMachine, told: string) => Promise<void>;
}

interface ChangedMachine {
  readonly vms: VmNode;
  readonly id: string;
  readonly revision: number;
  /** The run that it had before the first change. */
  readonly firstRun: string;
}

/** More memory and a larger disk: the machine is stopped for it. */
export const growth: Change = {
  spec: (revision) =>
    idleMachine({ memoryMb: 32n + BigInt(revision), sizeGb: 1n + BigInt(revision) }),
  check: async ({ vms, id, revision }, told) => {
    const [disk = ""] = await vms.outsider.diskPaths(id);
    expect(await sizeGbOf(disk), told).toBe(1 + revision);
    expect(await vms.outsider.xml(id), told).toContain(`>${(32 + revision) * 1_024}</memory>`);
  },
};

/** More processors, within what the machine can be given while it runs: it goes on in its run. Unlike memory they need no system in it. */
export const liveGrowth: Change = {
  spec: (revision) => {
    const { disks = [] } = idleMachine();
    return { vcpus: 1 + revision, maxVcpus: 32, memoryMb: 32n, disks, stopGraceSeconds: 1 };
  },
  check: async ({ vms, id, revision, firstRun }, told) => {
    expect(await vms.outsider.runId(id), told).toBe(firstRun);
    for (const of of ["--live", "--config"]) {
      const count = await vms.outsider.virsh("vcpucount", id, "--current", of);
      expect(`${of} ${count}`, told).toBe(`${of} ${1 + revision}`);
    }
  },
};

/** Changes a machine again and again, with the agent killed at each of the steps. */
export async function updateThroughKills(stage: VmCrashStage, change: Change): Promise<number> {
  const { vms } = stage;
  const id = vms.id("updated");
  await vms.apply(id, change.spec(0), { revisionId: "r0" });
  await vms.reaches(id, "RUNNING");
  const [disk = ""] = await vms.outsider.diskPaths(id);
  await writeData(disk);
  const identity = [await vms.outsider.uuid(id), disk];
  const firstRun = await vms.outsider.runId(id);
  let revision = 0;
  for (let step = 1; step <= stepsMax; step += 1) {
    revision += 1;
    const revisionId = `r${revision}`;
    const spec = change.spec(revision);
    const act = () => vms.apply(id, spec, { revisionId });
    const killedAt = await killedDuring(stage, { id, step, act, wanted: `RUNNING ${revisionId}` });
    const told = `killed at ${killedAt ?? "no step"}`;

    expect(await vms.outsider.state(id), told).toBe("running");
    expect([await vms.outsider.uuid(id), ...(await vms.outsider.diskPaths(id))], told).toEqual(
      identity,
    );
    expect(await hasData(disk), told).toBe(true);
    await change.check({ vms, id, revision, firstRun }, told);
    if (killedAt === undefined) break;
  }
  await vms.remove(id);
  expect(await vms.leftOf(id)).toEqual([]);
  return revision - 1;
}

interface Killing {
  readonly id: string;
  readonly step: number;
  /** Asked for again by who got no answer. */
  readonly act: () => Promise<unknown>;
  /** As {@link lookAt} tells it. */
  readonly wanted: string;
}

/** Resolves with the step the agent was killed at, and another has finished what it was at; undefined where there were fewer steps. */
async function killedDuring(
  { vms, killer }: VmCrashStage,
  { id, step, act, wanted }: Killing,
): Promise<string | undefined> {
  const look = () => lookAt(vms, id);
  killer.arm(step);
  // An agent that is killed gives no answer.
  await act().catch(() => undefined);
  const isOver = async () => killer.hasKilled || (await look().catch(() => "")) === wanted;
  await expect.poll(isOver, { ...slowly, message: `step ${step}` }).toBe(true);
  if (!killer.disarm()) return undefined;
  const killedAt = killer.steps.at(-1) ?? "";
  await vms.node.restart("SIGKILL");
  // What is done already is refused; what is not, the look tells.
  await act().catch(() => undefined);
  await expect.poll(look, { ...slowly, message: `after ${killedAt}` }).toBe(wanted);
  return killedAt;
}

/** The state and the revision that is there; with what the agent says of it while it is not as wanted. */
async function lookAt({ node }: VmNode, id: string): Promise<string> {
  const { workloads } = await node.client.listWorkloads({});
  const found = workloads.find((it) => it.id === id);
  if (found === undefined) return "absent";
  const state = `${stateName(found.actualState)} ${found.observedRevisionId}`;
  return found.observedRevisionId === found.revisionId ? state : `${state}: ${found.message}`;
}
