import { create } from "@bufbuild/protobuf";
import { explainError } from "@persys/client";
import { ApplyWorkloadRequestSchema, type ApplyWorkloadResponse } from "@persys/transports/gen";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { anyCommand, describeWithCompose } from "../../../../test/docker/compose-commands.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { GitServer } from "../../../../test/git/git-server.ts";
import { ComposeNode } from "../support/compose-node.ts";

function file(environment: object, more: object = {}): string {
  const main = { image: testImages.busybox, command: ["/bin/linger"], stop_grace_period: "1s" };
  return stringify({ services: { main: { ...main, environment, ...more } } });
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
});
