import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { Redis } from "ioredis";
import { expect, it, onTestFinished } from "vitest";
import { NetworkNamespace } from "../../../../test/redis/network-namespace.ts";
import { PrivateRedis } from "../../../../test/redis/private-redis.ts";
import { describeWithRedis } from "../../../../test/redis/redis-host.ts";
import { AgentProcess } from "../support/agent-process.ts";
import { NodeUnderTest } from "../support/node-under-test.ts";

const patience = { timeout: 20_000, interval: 20 };

/** One state in one server that two networks reach, and what is stored of it. On one host the lock of the node id would keep a second agent out. */
class SharedState {
  readonly nodeId: string = `redis-${randomUUID()}`;
  readonly #server: PrivateRedis;
  readonly #network: NetworkNamespace;
  readonly #redis: Redis;

  private constructor(server: PrivateRedis, network: NetworkNamespace) {
    this.#server = server;
    this.#network = network;
    this.#redis = new Redis(server.url, { protocol: 2 });
    onTestFinished(() => this.#redis.disconnect());
  }

  static async start(): Promise<SharedState> {
    const network = NetworkNamespace.make();
    const addresses = ["--bind", "127.0.0.1", network.hostAddress, "--protected-mode", "no"];
    return new SharedState(await PrivateRedis.start(...addresses), network);
  }

  get env(): Record<string, string> {
    return { PERSYS_STATE_URL: this.#server.url, PERSYS_NODE_ID: this.nodeId };
  }

  /** Another agent of the node, as if on another machine. */
  startElsewhere(): AgentProcess {
    const url = `redis://${this.#network.hostAddress}:${this.#server.port}`;
    const env = { ...this.env, PERSYS_STATE_URL: url };
    return AgentProcess.start({ env, wrapper: this.#network.wrapper });
  }

  /** From now on nothing passes between the server and elsewhere. */
  cutOff(): void {
    this.#network.cut();
  }

  mend(): void {
    this.#network.mend();
  }

  /** Lets the lease run out, as it does after ten seconds of silence. */
  async endLease(): Promise<void> {
    await this.#redis.pexpire(this.#key("lease"), 1);
    await expect.poll(() => this.#redis.exists(this.#key("lease")), patience).toBe(0);
  }

  /** The opening that owns the state. */
  async opening(): Promise<string | null> {
    return this.#redis.hget(this.#key("owner"), "opening");
  }

  /** The ids of the stored records. */
  async records(): Promise<readonly string[]> {
    return (await this.#redis.hkeys(this.#key("records"))).toSorted();
  }

  #key(name: string): string {
    return `{persys:${this.nodeId}}:${name}`;
  }
}

/** How often the agent has started the workload, as its log says. */
function startsBy(agent: AgentProcess, id: string): number {
  const isStart = (line: string): boolean =>
    line.includes(`"id":"${id}","step":"start"`) && line.includes('"outcome":"done"');
  return agent.stderr.filter(isStart).length;
}

describeWithRedis("two agents on one state in Redis", () => {
  it("are one: the second ends with code 3, naming the first, which goes on", async () => {
    const state = await SharedState.start();
    const first = await NodeUnderTest.start(state.env);
    await first.apply("web", { script: `echo up >>${first.file("starts")}; exec sleep 1000` });
    await first.reaches("web", "RUNNING");
    const opening = await state.opening();

    const second = state.startElsewhere();
    const { code } = await second.exit;
    await first.apply("api", { script: "exec sleep 1000" });
    await first.reaches("api", "RUNNING");

    const said = second.stderr.join("\n");
    expect(code).toBe(3);
    expect(said).toContain(`is owned by process ${first.agent.pid} on ${hostname()} since 20`);
    expect(said).toContain("stop that agent first");
    expect(await state.opening()).toBe(opening);
    expect(await state.records()).toEqual(["api", "web"]);
    expect(first.lines("starts")).toHaveLength(1);
  });

  it("are never both at work: one that was paused beyond its lease ends with code 6 when it wakes", async () => {
    const state = await SharedState.start();
    const first = await NodeUnderTest.start(state.env);
    await first.apply("web", { script: `echo up >>${first.file("starts")}; exec sleep 1000` });
    await first.reaches("web", "RUNNING");
    await first.apply("kept", { script: "exec sleep 1000" });
    await first.reaches("kept", "RUNNING");
    const [webPid, keptPid] = [await first.pid("web"), await first.pid("kept")];

    process.kill(first.agent.pid, "SIGSTOP");
    await state.endLease();
    const second = state.startElsewhere();
    await second.waitReady();
    const opening = await state.opening();
    // Something that the first would put right, were it still its own.
    process.kill(webPid, "SIGKILL");
    process.kill(first.agent.pid, "SIGCONT");
    const { code } = await first.agent.exit;
    await expect.poll(() => startsBy(second, "web"), patience).toBe(1);

    expect(code).toBe(6);
    expect(first.agent.stderr.join("\n")).toContain("another owner has taken over the state");
    expect(startsBy(first.agent, "web")).toBe(1);
    expect(first.lines("starts")).toHaveLength(2);
    expect(() => process.kill(keptPid, 0)).not.toThrow();
    expect(await state.opening()).toBe(opening);
    expect(await state.records()).toEqual(["kept", "web"]);
    expect(second.running).toBe(true);
  });

  it("are never both at work, also where the one that wakes has nothing to do", async () => {
    const state = await SharedState.start();
    const first = await NodeUnderTest.start(state.env);

    process.kill(first.agent.pid, "SIGSTOP");
    await state.endLease();
    const second = state.startElsewhere();
    await second.waitReady();
    const opening = await state.opening();
    process.kill(first.agent.pid, "SIGCONT");

    expect((await first.agent.exit).code).toBe(6);
    expect(first.agent.stderr.join("\n")).toContain("another owner has taken over the state");
    expect(await state.opening()).toBe(opening);
    expect(second.running).toBe(true);
  });

  it("are never both at work: one that was cut off goes on healing, and ends with code 6 when it is back", async () => {
    const state = await SharedState.start();
    const here = await NodeUnderTest.start(state.env);
    await here.apply("web", { script: `echo $$ >>${here.file("pids")}; exec sleep 1000` });
    await here.reaches("web", "RUNNING");
    await here.agent.kill("SIGTERM");
    const away = state.startElsewhere();
    await away.waitReady();
    await expect.poll(() => here.lines("pids"), patience).toHaveLength(2);

    state.cutOff();
    process.kill(Number(here.lines("pids")[1]), "SIGKILL");
    await expect.poll(() => here.lines("pids"), { timeout: 60_000, interval: 20 }).toHaveLength(3);
    await state.endLease();
    await here.restart("SIGTERM");
    await here.reaches("web", "RUNNING");
    const opening = await state.opening();
    state.mend();
    const { code } = await away.exit;

    expect(code).toBe(6);
    expect(away.stderr.join("\n")).toContain("another owner has taken over the state");
    expect(await state.opening()).toBe(opening);
    expect(here.lines("pids")).toHaveLength(3);
    expect(String(await here.pid("web"))).toBe(here.lines("pids")[0]);
  }, 150_000);
});
