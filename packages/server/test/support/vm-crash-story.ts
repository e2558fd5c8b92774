import { mkdirSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import { LibvirtProxy } from "../../../../test/libvirt/libvirt-proxy.ts";
import { stateName } from "./node-under-test.ts";
import { StepKiller } from "./step-killer.ts";
import { hasData, idleMachine, sizeGbOf, writeData } from "./vm-data.ts";
import { slowly, VmNode } from "./vm-node.ts";

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

/** Creates a machine again and again, with the agent killed at each of the steps, one further every time; resolves with how many there were. */
export async function createThroughKills(stage: VmCrashStage): Promise<number> {
  const { vms } = stage;
  for (let step = 1; step <= stepsMax; step += 1) {
    const id = vms.id(`created-${step}`);
    const apply = () => vms.apply(id, idleMachine(), { revisionId: "r1" });
    const killedAt = await killedDuring(stage, { id, step, apply, revisionId: "r1" });
    const told = `killed at ${killedAt ?? "no step"}`;

    expect(await vms.outsider.state(id), told).toBe("running");
    expect(await vms.outsider.diskPaths(id), told).toEqual([`${vms.diskFolder}/${id}-vda.img`]);
    await vms.remove(id);
    expect(await vms.leftOf(id), told).toEqual([]);
    if (killedAt === undefined) return step - 1;
  }
  return stepsMax;
}

/** Gives a machine another revision again and again, with more memory and a larger disk, with the agent killed at each of the steps. */
export async function updateThroughKills(stage: VmCrashStage): Promise<number> {
  const { vms } = stage;
  const id = vms.id("updated");
  await vms.apply(id, idleMachine(), { revisionId: "r0" });
  await vms.reaches(id, "RUNNING");
  const [disk = ""] = await vms.outsider.diskPaths(id);
  await writeData(disk);
  const identity = [await vms.outsider.uuid(id), disk];
  let revision = 0;
  for (let step = 1; step <= stepsMax; step += 1) {
    revision += 1;
    const revisionId = `r${revision}`;
    const grown = idleMachine({ memoryMb: 32n + BigInt(revision), sizeGb: 1n + BigInt(revision) });
    const apply = () => vms.apply(id, grown, { revisionId });
    const killedAt = await killedDuring(stage, { id, step, apply, revisionId });
    const told = `killed at ${killedAt ?? "no step"}`;

    expect(await vms.outsider.state(id), told).toBe("running");
    expect([await vms.outsider.uuid(id), ...(await vms.outsider.diskPaths(id))], told).toEqual(
      identity,
    );
    expect(await hasData(disk), told).toBe(true);
    expect(await sizeGbOf(disk), told).toBe(1 + revision);
    expect(await vms.outsider.xml(id), told).toContain(`>${(32 + revision) * 1_024}</memory>`);
    if (killedAt === undefined) break;
  }
  await vms.remove(id);
  expect(await vms.leftOf(id)).toEqual([]);
  return revision - 1;
}

interface Killing {
  readonly id: string;
  readonly step: number;
  readonly apply: () => Promise<unknown>;
  readonly revisionId: string;
}

/** Resolves with the step the agent was killed at, and another has finished what it was at; undefined where there were fewer steps. */
async function killedDuring(
  { vms, killer }: VmCrashStage,
  { id, step, apply, revisionId }: Killing,
): Promise<string | undefined> {
  const wanted = `RUNNING ${revisionId}`;
  const look = () => lookAt(vms, id);
  killer.arm(step);
  // An agent that is killed gives no answer.
  await apply().catch(() => undefined);
  const isOver = async () => killer.hasKilled || (await look().catch(() => "")) === wanted;
  await expect.poll(isOver, { ...slowly, message: `step ${step}` }).toBe(true);
  if (!killer.disarm()) return undefined;
  const killedAt = killer.steps.at(-1) ?? "";
  await vms.node.restart("SIGKILL");
  await apply();
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
