import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { endLeftCommands } from "../../src/compose/left-commands.ts";
import { ProjectFolders } from "../../src/compose/project-folders.ts";
import { forever, idOf } from "../support/runtime-calls.ts";

const children: ChildProcess[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A process that runs, of a group of its own and with this mark. */
async function marked(
  mark: string,
  [program = "", ...args]: readonly string[] = ["sleep", "60"],
): Promise<ChildProcess> {
  const child = spawn(program, args, {
    detached: true,
    env: { PATH: process.env["PATH"], PERSYS_COMPOSE_PROJECT: mark },
    stdio: "ignore",
  });
  children.push(child);
  // A program that is being loaded has no environment yet.
  const environment = (): string => readFileSync(`/proc/${child.pid}/environ`, "utf8");
  await expect.poll(environment, { interval: 5 }).toContain(mark);
  return child;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "persys-folders-"));
  folders.push(folder);
  return folder;
}

function newFolders(nodeId = "node"): ProjectFolders {
  return new ProjectFolders(newFolder(), nodeId);
}

describe("endLeftCommands", () => {
  it("ends what bears the mark, and nothing else", async () => {
    const [mark, other] = [randomUUID(), randomUUID()];
    const [ours, theirs] = [await marked(mark), await marked(other)];
    const gone = once(ours, "exit");
    expect(await endLeftCommands(mark, forever)).toBe(true);
    expect(await gone).toEqual([null, "SIGKILL"]);
    expect(theirs.exitCode ?? theirs.signalCode).toBeNull();
    expect(await endLeftCommands(mark, forever)).toBe(false);
  });

  it("ends what becomes another program again and again, and has no environment meanwhile", async () => {
    const program = join(newFolder(), "again");
    writeFileSync(program, '#!/bin/sh\nexec "$0"\n', { mode: 0o700 });
    for (let round = 0; round < 20; round += 1) {
      const mark = randomUUID();
      const child = await marked(mark, [program]);
      const gone = once(child, "exit");
      expect(await endLeftCommands(mark, forever)).toBe(true);
      expect(await gone).toEqual([null, "SIGKILL"]);
    }
  });

  it("leaves what bears the mark and is another account's", async () => {
    const mark = randomUUID();
    const child = await marked(mark);
    const uid = (process.geteuid?.() ?? 0) + 1;
    expect(await endLeftCommands(mark, forever, { uid })).toBe(false);
    expect(child.exitCode ?? child.signalCode).toBeNull();
    expect(await endLeftCommands(mark, forever)).toBe(true);
  });

  it("gives up after a while, and names the processes that are still there", async () => {
    const mark = randomUUID();
    const child = await marked(mark);
    await expect(endLeftCommands(mark, forever, { patienceMs: 0 })).rejects.toMatchObject({
      code: "RUNTIME_ERROR",
      retryable: true,
      message: expect.stringContaining(`process ids ${child.pid}`),
    });
  });
});

describe("the mark of a project's commands", () => {
  it("is stored for the agent alone, and stays until the project goes", async () => {
    const projects = newFolders();
    const id = idOf("shop");
    expect(await projects.mark(id)).toBeUndefined();
    const mark = await projects.ensureMark(id);
    expect(await projects.ensureMark(id)).toBe(mark);
    expect(await projects.mark(id)).toBe(mark);
    expect(statSync(join(projects.folderOf(id), "mark")).mode & 0o777).toBe(0o600);
    await projects.remove(id);
    expect(await projects.mark(id)).toBeUndefined();
  });

  it("cannot be worked out from what others know", async () => {
    const marks = await Promise.all(
      [newFolders(), newFolders()].map((projects) => projects.ensureMark(idOf("shop"))),
    );
    expect(new Set(marks).size).toBe(2);
  });
});
