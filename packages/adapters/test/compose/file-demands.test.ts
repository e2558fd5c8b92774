import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  fixedHostPolicy,
  type HostPolicy,
  hostPolicyOf,
  type Json,
  safeHostPolicyRules,
} from "@persys/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ComposeRuntime } from "../../src/compose/compose-runtime.ts";
import { ProjectFolders } from "../../src/compose/project-folders.ts";
import { placeOf } from "../../src/compose/revision-place.ts";
import { forever, idOf, targetOf } from "../support/runtime-calls.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "persys-compose-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function runtimeIn(root: string): ComposeRuntime {
  const output = JSON.stringify({ services: { web: { image: "web:1" } } });
  return new ComposeRuntime({
    binary: [
      "sh",
      "-c",
      `case $0 in version) echo 2.0.0;; *) cat >/dev/null; echo '${output}';; esac`,
    ],
    endpoint: "unix:///nonexistent",
    folder: root,
    nodeId: "node",
    hostPolicy: fixedHostPolicy(
      hostPolicyOf({
        ...safeHostPolicyRules,
        gitRepositories: "any",
        allowedSecretVariables: ["TOKEN"],
      }),
    ),
  });
}

describe("a file whose host has a name that stands for what is denied", () => {
  it("may be had later: what names stand for changes", async () => {
    const denial = { rule: "git-repository", field: "git.repository", seen: "", message: "" };
    const judge: HostPolicy["judge"] = ({ repositories }) =>
      repositories?.[0]?.addresses === undefined ? [] : [denial];
    const hostPolicy = fixedHostPolicy({ judge });
    const runtime = new ComposeRuntime({ folder, nodeId: "node", hostPolicy });
    const spec = { git: { repository: "http://localhost:1/shop.git" } };
    await expect(runtime.demands(spec, forever)).rejects.toMatchObject({
      code: "POLICY_DENIED",
      retryable: true,
      denials: [denial],
    });
  });
});

describe("a file that was fetched with a password before", () => {
  const of = async (git: Json): Promise<ReturnType<typeof targetOf>> => {
    const target = targetOf(idOf("shop"), { git });
    const document = { services: { web: { image: "web:1" } } };
    const source = { document, env: {}, profiles: [] };
    await new ProjectFolders(folder, "node").storeSource(placeOf(target, true), source);
    return target;
  };
  const repository = "https://git.example/shop.git";
  const password = "env:TOKEN";

  it("sends none any more, so a node that sends passwords nowhere lets it run on", async () => {
    const target = await of({ repository, password });
    const demands = await runtimeIn(folder).demands(target.spec, forever, target);
    expect(demands.repositories).toEqual([{ url: repository, field: "git.repository" }]);
    const other = { ...target, revisionId: "another" };
    await expect(runtimeIn(folder).demands(target.spec, forever, other)).rejects.toMatchObject({
      code: "POLICY_DENIED",
    });
  });

  it("is still one of a compose application where a password goes over TLS alone since", async () => {
    const target = await of({ repository: "http://git.example/shop.git", password });
    const runtime = new ComposeRuntime({ folder, nodeId: "node", binary: ["false"] });
    const demands = runtime.demands(target.spec, forever, target);
    await expect(demands).rejects.toMatchObject({ code: "RUNTIME_UNAVAILABLE" });
    const other = { ...target, revisionId: "another" };
    await expect(runtime.demands(target.spec, forever, other)).rejects.toMatchObject({
      code: "INVALID_SPEC",
      violations: [{ path: ["git", "password"] }],
    });
  });
});
