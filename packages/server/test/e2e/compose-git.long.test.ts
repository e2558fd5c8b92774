import { readdirSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { explainError } from "@persys/client";
import { ApplyWorkloadRequestSchema, type ApplyWorkloadResponse } from "@persys/transports/gen";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { anyCommand, describeWithCompose } from "../../../../test/docker/compose-commands.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { GitServer } from "../../../../test/git/git-server.ts";
import { Canaries } from "../support/canaries.ts";
import { ComposeNode } from "../support/compose-node.ts";

function file(environment: object, more: object = {}): string {
  const main = { image: testImages.busybox, command: ["/bin/linger"], stop_grace_period: "1s" };
  return stringify({ services: { main: { ...main, environment, ...more } } });
}

/** The folders of fetches that go on, or were left. */
function fetchesIn(devDir: string): readonly string[] {
  const all = readdirSync(devDir, { recursive: true, encoding: "utf8" });
  return all.filter((name) => /\/fetch-[0-9a-f]+$/.test(name));
}

describeWithCompose("an agent", anyCommand(), (words) => {
  it("fetches a compose file by git, keeps its commit over a restart, and takes the next for another revision", async () => {
    const server = await GitServer.open();
    server.manners = { login: "git:password-of-git" };
    const nodes = await ComposeNode.start(words, {
      env: {
        PERSYS_SETTLE_TIME: "1s",
        PERSYS_GIT_REPOSITORIES: server.origin,
        PERSYS_ALLOWED_SECRET_VARIABLES: "GIT_TOKEN",
        GIT_TOKEN: "password-of-git",
      },
    });
    const { node } = nodes;
    const id = nodes.host.id("shop");
    const apply = async (
      revisionId: string,
      more: { readonly repository?: string; readonly validateOnly?: boolean } = {},
    ): Promise<ApplyWorkloadResponse> => {
      const { repository = server.repository, validateOnly = false } = more;
      const git = { repository, ref: "main", password: "env:GIT_TOKEN" };
      const spec = { spec: { case: "compose", value: { git, env: { A: "1" } } } } as const;
      const request = { id, revisionId, validateOnly, spec };
      return node.client.applyWorkload(create(ApplyWorkloadRequestSchema, request));
    };
    const refusal = async (applying: Promise<unknown>): Promise<ReturnType<typeof explainError>> =>
      applying.then(
        () => expect.unreachable("it was not refused"),
        (error: unknown) => explainError(error),
      );
    try {
      server.commit({ "compose.yaml": file({}, { privileged: true }) });
      const privileged = await refusal(apply("1", { validateOnly: true }));
      expect(privileged).toMatchObject({ code: "failed_precondition", reason: "POLICY_DENIED" });
      expect(privileged.violations[0]?.field).toContain("services.main.privileged");
      const elsewhere = await refusal(apply("1", { repository: "https://git.example/shop.git" }));
      expect(elsewhere).toMatchObject({ code: "failed_precondition", reason: "POLICY_DENIED" });
      expect(elsewhere.violations[0]?.field).toBe("spec.compose.git.repository");

      const first = server.commit({ "compose.yaml": file({ VERSION: "1", A: "$A" }) });
      await apply("1");
      await node.reaches(id, "RUNNING");
      expect((await node.status(id)).metadata["compose.git.commit"]).toBe(first);
      const before = await nodes.services(id);

      const second = server.commit({ "compose.yaml": file({ VERSION: "2", A: "$A" }) });
      await node.restart("SIGKILL");
      await node.reaches(id, "RUNNING");
      expect((await node.status(id)).metadata["compose.git.commit"]).toBe(first);
      expect(await nodes.services(id)).toEqual(before);

      await apply("2");
      await node.reaches(id, "RUNNING");
      await expect
        .poll(async () => (await node.status(id)).metadata["compose.git.commit"], {
          timeout: 30_000,
          interval: 50,
        })
        .toBe(second);
      const { Config } = await nodes.host.docker
        .getContainer((await nodes.services(id))["main"]?.containerId ?? "")
        .inspect();
      expect(Config.Env).toEqual(expect.arrayContaining(["VERSION=2", "A=1"]));
    } finally {
      server.close();
    }
  }, 180_000);

  it("tells nobody but the host the password of a repository", async () => {
    const canaries = new Canaries();
    const password = canaries.secret("the password");
    const basic = Buffer.from(`git:${password}`).toString("base64");
    canaries.watch("the password as it is sent", basic);
    const server = await GitServer.open();
    const nodes = await ComposeNode.start(words, {
      env: {
        PERSYS_LOG_LEVEL: "debug",
        PERSYS_SETTLE_TIME: "1s",
        PERSYS_GIT_REPOSITORIES: server.origin,
        PERSYS_ALLOWED_SECRET_VARIABLES: "GIT_TOKEN",
        GIT_TOKEN: password,
      },
    });
    const { node } = nodes;
    const [shop, waiting] = [nodes.host.id("shop"), nodes.host.id("waiting")];
    const apply = async (id: string, ref = "main"): Promise<unknown> => {
      const git = { repository: server.repository, ref, password: "env:GIT_TOKEN" };
      const spec = { spec: { case: "compose", value: { git } } } as const;
      return node.client.applyWorkload(
        create(ApplyWorkloadRequestSchema, { id, revisionId: ref, spec }),
      );
    };
    try {
      server.manners = { login: `git:${password}` };
      server.commit({ "compose.yaml": file({}) });
      server.commit({ "compose.yaml": "services: {}" }, "broken");
      await apply(shop);
      await node.reaches(shop, "RUNNING");
      expect(server.logins).toContain(`Basic ${basic}`);
      await canaries.noteAgent(node, "while it runs");
      await canaries.noteRefusal("a broken file", apply(waiting, "broken"));

      server.manners = { isSilent: true };
      const { length } = server.calls;
      await apply(waiting);
      await expect.poll(() => server.calls.length, { timeout: 30_000 }).toBeGreaterThan(length + 1);
      await canaries.noteAgent(node, "while it is fetched");
      const left = fetchesIn(node.agent.devDir);
      expect(left).toHaveLength(1);
      server.manners = { login: "git:another" };
      await node.restart("SIGKILL");
      await expect
        .poll(async () => (await node.status(waiting)).failure?.message, { timeout: 60_000 })
        .toContain("it does not take the password");
      expect(fetchesIn(node.agent.devDir).filter((name) => left.includes(name))).toEqual([]);
      await canaries.noteAgent(node, "after a kill");

      for (const id of [shop, waiting]) {
        await node.client.deleteWorkload({ id });
        await node.reaches(id, "absent");
      }
      await canaries.noteAgent(node, "after the deletion");
      expect(canaries.found).toEqual([]);
      expect(await nodes.host.census()).toEqual([]);
    } finally {
      server.close();
    }
  }, 180_000);
});
