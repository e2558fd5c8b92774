import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import { explainError } from "@persys/client";
import {
  ExplainWorkloadResponseSchema,
  GetWorkloadResponseSchema,
  ListActionsResponseSchema,
  ListWorkloadsResponseSchema,
} from "@persys/transports/gen";
import type { NodeUnderTest } from "./node-under-test.ts";

/** Secrets that are found again wherever they come up, each told apart by the place it was put. */
export class Canaries {
  readonly #values: Map<string, string> = new Map();
  readonly #seen: Map<string, string> = new Map();

  /** A new secret for a place. */
  secret(place: string): string {
    const value = `canary-${randomUUID()}`;
    this.#values.set(place, value);
    return value;
  }

  /** Looks for a secret that was there before, besides. */
  watch(place: string, value: string): void {
    this.#values.set(place, value);
  }

  /** Notes what was said somewhere. */
  note(where: string, said: string): void {
    this.#seen.set(where, `${this.#seen.get(where) ?? ""}\n${said}`);
  }

  /** Notes all that an agent says of its workloads, what it logged, its metrics, and every command line on this machine. */
  async noteAgent(node: NodeUnderTest, when: string): Promise<void> {
    const { client, agent } = node;
    const { metrics } = agent.endpoints();
    const listed = await client.listWorkloads({});
    this.note(`list ${when}`, toJsonString(ListWorkloadsResponseSchema, listed));
    for (const { id } of listed.workloads) {
      const got = toJsonString(GetWorkloadResponseSchema, await client.getWorkload({ id }));
      const explained = await client.explainWorkload({ id });
      this.note(`get ${when}`, got);
      this.note(`explain ${when}`, toJsonString(ExplainWorkloadResponseSchema, explained));
    }
    const actions = await client.listActions({});
    this.note(`actions ${when}`, toJsonString(ListActionsResponseSchema, actions));
    this.note(`metrics ${when}`, await (await fetch(`${metrics}/metrics`)).text());
    this.note(`health ${when}`, await (await fetch(`${metrics}/health`)).text());
    this.note(`command lines ${when}`, execFileSync("ps", ["-eo", "args", "-ww"]).toString());
    this.noteFiles(agent.devDir, when);
    this.note(`log ${when}`, [...agent.stderr, ...agent.stdout].join("\n"));
  }

  /** Notes every file below a folder, whatever its mode. */
  noteFiles(folder: string, when: string): void {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const path = join(folder, name);
      const isFile = lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
      if (isFile) this.note(`${name} ${when}`, `${name}\n${readFileSync(path, "latin1")}`);
    }
  }

  /** The files below a folder that hold one of the secrets and that others than their owner and its group may read: `PLACE in FILE`. */
  openFiles(folder: string): readonly string[] {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
      const path = join(folder, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats?.isFile() !== true || (stats.mode & 0o007) === 0) return [];
      return this.#heldIn(readFileSync(path, "latin1")).map((place) => `${place} in ${name}`);
    });
  }

  /** Notes how a call was refused. */
  async noteRefusal(where: string, call: Promise<unknown>): Promise<string> {
    const error: unknown = await call.then(
      () => new Error("it was not refused"),
      (thrown: unknown) => thrown,
    );
    const said = `${String(error)} ${JSON.stringify(explainError(error))}`;
    this.note(where, said);
    return said;
  }

  /** Which secret was seen where: `PLACE in WHERE`. */
  get found(): readonly string[] {
    return [...this.#seen].flatMap(([where, said]) =>
      this.#heldIn(said).map((place) => `${place} in ${where}`),
    );
  }

  /** How many places were looked at. */
  get looked(): number {
    return this.#seen.size;
  }

  #heldIn(text: string): readonly string[] {
    return [...this.#values].flatMap(([place, value]) => (text.includes(value) ? [place] : []));
  }
}
