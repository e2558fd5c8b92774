import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  AgentError,
  type Demands,
  type HostPolicySource,
  type SecretSource,
  type Target,
} from "@persys/core";
import { stringify } from "yaml";
import { afterEach, beforeEach, expect, it } from "vitest";
import { anyCommand, describeWithCompose } from "../../../../test/docker/compose-commands.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import type { ComposeRuntime } from "../../src/compose/compose-runtime.ts";
import { hexSealer } from "../support/hex-sealer.ts";
import { forever, targetOf } from "../support/runtime-calls.ts";
import { ComposeHarness } from "./compose-harness.ts";
import { GitServer } from "../../../../test/git/git-server.ts";

/** Every file under a folder, as one text. */
function allText(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
}

function service(more: object = {}): object {
  return { image: testImages.busybox, command: ["/bin/linger"], stop_grace_period: "1s", ...more };
}

describeWithCompose("What a project is made from", anyCommand(), (words) => {
  let host: ComposeHarness;
  let server: GitServer;
  let secrets: Map<string, string>;
  let agent: ComposeRuntime;

  const secretSource: SecretSource = {
    read: async (reference) => {
      const secret = reference.kind === "file" ? secrets.get(reference.path) : undefined;
      if (secret !== undefined) return secret;
      throw new AgentError("SECRET_UNAVAILABLE", "not there", { retryable: true, effect: "none" });
    },
  };
  const anotherAgent = (): ComposeRuntime =>
    host.another({ secretSource, secretSealer: hexSealer });

  beforeEach(async () => {
    host = new ComposeHarness(words);
    server = await GitServer.open();
    secrets = new Map([["/run/secrets/db", "first-secret"]]);
    agent = anotherAgent();
  });

  afterEach(async () => {
    server.close();
    await host.close();
  });

  const run = async (target: Target, runtime = agent): Promise<void> => {
    await host.prepare(target, runtime);
    await runtime.start(target, forever);
  };
  const change = async (target: Target): Promise<void> => {
    await host.prepare(target, agent);
    await agent.replace(target, forever);
  };
  const environmentOf = async ({ id }: Target, name = "main"): Promise<readonly string[]> =>
    (await (await host.containerOf(id, name)).inspect()).Config.Env;
  const commitOf = async ({ id }: Target): Promise<string | undefined> =>
    (await host.current(id)).facts["compose.git.commit"];

  it("stays the commit that it was when its revision was made, whatever becomes of branch and host", async () => {
    const file = (version: string): string =>
      stringify({ services: { main: service({ environment: { VERSION: version } }) } });
    const git = { repository: server.repository, ref: "main" };
    const target = (revisionId: string): Target =>
      targetOf(host.id("shop"), { git }, { revisionId });
    const old = server.commit({ "compose.yaml": file("1") });
    const first = target("1");
    await run(first);
    expect(await commitOf(first)).toBe(old);
    expect(await environmentOf(first)).toContain("VERSION=1");

    const moved = server.commit({ "compose.yaml": file("2") });
    await agent.stop(first.id, 1_000, forever);
    const later = anotherAgent();
    await run(first, later);
    expect(await commitOf(first)).toBe(old);

    agent = later;
    const second = target("2");
    await change(second);
    expect(await commitOf(second)).toBe(moved);
    expect(await environmentOf(second)).toContain("VERSION=2");

    const { length } = server.calls;
    server.manners = { status: 500 };
    await anotherAgent().restore(first.id, forever);
    expect(await commitOf(first)).toBe(old);
    expect(await environmentOf(first)).toContain("VERSION=1");
    const demands = await anotherAgent().demands(first.spec, forever, first);
    expect(demands.images).toMatchObject([{ reference: testImages.busybox }]);
    expect(server.calls).toHaveLength(length);
  }, 120_000);

  it("is judged like any other, and fetched only from where the node allows", async () => {
    server.commit({ "compose.yaml": stringify({ services: { main: service({ pid: "host" }) } }) });
    const spec = { git: { repository: server.repository, password: "env:GIT_TOKEN" } };
    const seen: Demands[] = [];
    const denials = [{ rule: "git-repository", field: "git.repository", seen: "", message: "" }];
    let isAllowed = false;
    const hostPolicy: HostPolicySource = {
      current: () => ({
        judge: (demands) => {
          seen.push(demands);
          return isAllowed ? [] : denials;
        },
      }),
    };
    const source: SecretSource = { read: async () => "token-of-git" };
    const judged = host.another({ hostPolicy, secretSource: source });
    await expect(judged.demands(spec, forever)).rejects.toMatchObject({
      code: "POLICY_DENIED",
      denials,
    });
    expect(seen[0]).toMatchObject({
      repositories: [{ url: server.repository, field: "git.repository" }],
      secretVariables: [{ name: "GIT_TOKEN", field: "git.password" }],
    });
    expect(server.calls).toEqual([]);
    isAllowed = true;
    const demands = await judged.demands(spec, forever);
    expect(demands.hostNamespaces).toEqual([
      { namespace: "pid", field: "composeYaml.services.main.pid" },
    ]);
    expect(demands.repositories).toEqual(seen[0]?.repositories);
  }, 60_000);

  it("leaves nothing of a fetch that outlived its agent, once another looks at the node", async () => {
    server.commit({ "compose.yaml": stringify({ services: { main: service() } }) });
    server.manners = { isSilent: true };
    const controller = new AbortController();
    const spec = { git: { repository: server.repository } };
    const left = expect(agent.demands(spec, controller.signal)).rejects.toThrow("called off");
    await expect.poll(() => server.calls.length, { timeout: 20_000 }).toBeGreaterThan(0);
    const fetches = async (): Promise<readonly string[]> =>
      (await host.census()).filter((name) => name.includes("/fetch-"));
    expect(await fetches()).not.toEqual([]);
    expect(await anotherAgent().probe(forever)).toMatchObject({ healthy: true });
    expect(await fetches()).toEqual([]);
    controller.abort(new Error("called off"));
    await left;
  });

  it("is refused with every rule that a fetched file breaks, by the commit it is of", async () => {
    const services = { main: service({ build: ".", env_file: ".env" }) };
    const commit = server.commit({ "compose.yaml": stringify({ services }), ".env": "A=1" });
    const refused = agent.demands({ git: { repository: server.repository } }, forever);
    await expect(refused).rejects.toMatchObject({
      code: "INVALID_SPEC",
      fault: "user",
      retryable: false,
      message: expect.stringContaining(`compose.yaml of commit ${commit.slice(0, 12)} is refused`),
      violations: [
        { path: ["composeYaml", "services", "main", "build"] },
        { path: ["composeYaml", "services", "main", "env_file"] },
      ],
    });
  });

  it("holds no secret where it is stored, and is brought back at once by an agent that comes later", async () => {
    const env = { TOKEN: "token-of-env", DB: "file:/run/secrets/db" };
    const target = (revisionId: string): Target => {
      const environment = { INLINE: "inline-secret", A: "$TOKEN", DB: null, R: revisionId };
      const file = { services: { main: service({ environment }) } };
      return targetOf(host.id("shop"), host.spec(file, { env }), { revisionId });
    };
    const first = target("1");
    await run(first);
    await change(target("2"));
    const stored = allText(host.folder);
    for (const secret of ["inline-secret", "token-of-env", "first-secret"])
      expect(stored).not.toContain(secret);
    await anotherAgent().restore(first.id, forever);
    expect(await environmentOf(first)).toEqual(
      expect.arrayContaining(["INLINE=inline-secret", "A=token-of-env", "DB=first-secret", "R=1"]),
    );
    expect(await host.current(first.id)).toMatchObject({ revisionId: "1", drift: [] });
  }, 60_000);

  it("gets what a reference stands for when it is made, and is left as it is where that is missing", async () => {
    const target = (revisionId: string): Target => {
      const file = { services: { main: service({ environment: { DB: "${DB}" } }) } };
      const spec = host.spec(file, { env: { DB: "file:/run/secrets/db" } });
      return targetOf(host.id("shop"), spec, { revisionId });
    };
    await run(target("1"));
    expect(await environmentOf(target("1"))).toContain("DB=first-secret");
    const before = await host.containersOf(target("1").id);

    secrets.clear();
    await expect(change(target("2"))).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
    expect(await host.containersOf(target("1").id)).toEqual(before);
    expect(await host.current(target("1").id)).toMatchObject({ revisionId: "1", drift: [] });

    secrets.set("/run/secrets/db", "second-secret");
    await change(target("3"));
    expect(await environmentOf(target("3"))).toContain("DB=second-secret");
  }, 60_000);

  it("tells which services have ended, and how, once all are down", async () => {
    const script = (text: string, more: object = {}): object =>
      service({ command: ["sh", "-c", text], ...more });
    const services = { fine: script("exit 0"), job: script("exit 3"), once: script("exit 4") };
    const target = targetOf(host.id("jobs"), host.spec({ services }));
    await run(target);
    const ended = await host.reaches(target.id, (one) => one.state === "exited");
    expect(ended.exit).toMatchObject({
      kind: "code",
      code: 3,
      detail: "service job ended with exit code 3; service once ended with exit code 4",
    });
  }, 60_000);
});
