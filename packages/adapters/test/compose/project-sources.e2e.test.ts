import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GitFiles, usualGitLimits } from "../../src/compose/git-files.ts";
import { ProjectFolders } from "../../src/compose/project-folders.ts";
import { ProjectSources } from "../../src/compose/project-sources.ts";
import { placeOf } from "../../src/compose/revision-place.ts";
import { forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { GitServer } from "../../../../test/git/git-server.ts";

let server: GitServer;
let root: string;
let folders: ProjectFolders;
let sources: ProjectSources;

beforeEach(async () => {
  server = await GitServer.open();
  root = mkdtempSync(join(tmpdir(), "persys-compose-"));
  folders = new ProjectFolders(root, "node");
  const files = new GitFiles({
    folder: folders.fetchesFolder,
    secretSource: undefined,
    limits: usualGitLimits,
  });
  sources = new ProjectSources({ files, folders, nodeId: "node" });
});

afterEach(() => {
  server.close();
  rmSync(root, { recursive: true });
});

function file(image: string): { readonly "compose.yaml": string } {
  return { "compose.yaml": `services:\n  web:\n    image: ${image}\n` };
}

describe("ProjectSources", () => {
  it("stores nothing of what is only looked at: the workload may be gone by then", async () => {
    server.commit(file("web:1"));
    const target = targetOf(idOf("shop"), { git: { repository: server.repository } });
    await sources.find(target.spec, target, forever);
    expect(readdirSync(root)).not.toContain(folders.nameOf(target.id));
  });

  it("prepares what was judged, wherever the branch has gone meanwhile", async () => {
    const judged = server.commit(file("web:1"));
    const target = targetOf(idOf("shop"), { git: { repository: server.repository } });
    const first = await sources.find(target.spec, target, forever);
    expect(first.git?.commit).toBe(judged);
    const moved = server.commit(file("web:2"));
    expect(await sources.find(target.spec, target, forever)).toBe(first);

    const other = { ...target, revisionId: "other" };
    expect((await sources.find(other.spec, other, forever)).git?.commit).toBe(moved);
    expect((await sources.find(target.spec, undefined, forever)).git?.commit).toBe(moved);

    await folders.storeSource(placeOf(target, true), first);
    const again = { ...target, spec: { git: { repository: server.repository } } };
    expect((await sources.find(again.spec, again, forever)).git?.commit).toBe(judged);
  });
});
