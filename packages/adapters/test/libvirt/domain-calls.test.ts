import { describe, expect, it } from "vitest";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import { LibvirtClient } from "../../src/libvirt/rpc/index.ts";
import { procedures } from "../../src/libvirt/rpc/gen/protocol.ts";
import { StubDaemon } from "./rpc/stub-daemon.ts";
import { workloadId } from "./targets.ts";

const id = workloadId("vm-1");
const dom = { name: "vm-1", uuid: "00112233-4455-8677-8899-aabbccddeeff", id: -1 };

describe("DomainCalls", () => {
  it("waits for a call that was called off, and for no other workload's", async () => {
    let answer = (): void => {};
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== procedures.domainResume.number) return undefined;
      answer = () => {
        connection.reply(frame, new Uint8Array());
      };
      return "done";
    });
    const client = new LibvirtClient(daemon.endpoint);
    const calls = new DomainCalls(client);
    const controller = new AbortController();
    const call = calls.call(id, "domainResume", { args: { dom }, signal: controller.signal });
    const { number } = procedures.domainResume;
    await expect.poll(() => daemon.received.some((frame) => frame.procedure === number)).toBe(true);
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    const { signal } = new AbortController();
    let isSettled = false;
    const settled = calls.settled(id, signal).then(() => {
      isSettled = true;
    });

    await calls.settled(workloadId("vm-2"), signal);
    expect(isSettled).toBe(false);
    await expect(calls.settled(id, AbortSignal.timeout(1))).rejects.toThrow("timeout");
    answer();
    await settled;

    await calls.settled(id, signal);
    await client.close();
  });
});
