import { runtimeContract } from "../runtime-contract.ts";
import type { RuntimeSubject } from "../runtime-contract/runtime-subject.ts";
import type { CommandHost } from "./command-host.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { KitOptions } from "./kit-options.ts";
import { exampleHints, loadFactory, type WantedExport } from "./load-module.ts";
import { runKit } from "./run-kit.ts";
import type { SubjectLook } from "./subject-look.ts";
import { assertMembers } from "./subject-shape.ts";
import { UsageError } from "./usage-error.ts";

const wanted: WantedExport = {
  name: "subject",
  example: [
    "export const subject = async () => ({",
    "  runtime: new MyRuntime(),",
    "  specs: { longRunning: (variant) => ({ … }) },",
    "  killBehind: async (id) => { … }, // as `kill -9` would",
    "  dispose: async () => { … }, // clears everything away",
    "});",
  ],
};

/**
 * Judges the runtime whose subjects a module makes. Returns the exit code.
 * @throws {UsageError} when it cannot begin.
 */
export async function judgeRuntime(
  options: KitOptions & { readonly module: string },
  host: CommandHost,
): Promise<ExitCode> {
  const { module } = options;
  const factory = await loadFactory({ module, cwd: host.cwd, wanted });
  const subject = factory as () => Promise<RuntimeSubject>;
  const kit = {
    contract: "runtime",
    subject: module,
    cases: runtimeContract(subject),
    guard: (look: SubjectLook) => guardRuntime(subject, look),
    words: ["--module", module],
  } as const;
  return runKit(kit, options, host);
}

/**
 * Refuses a runtime that has workloads already: the cases would stop and remove them.
 * @throws {UsageError} when it has, or cannot be asked.
 */
async function guardRuntime(
  factory: () => Promise<RuntimeSubject>,
  look: SubjectLook,
): Promise<void> {
  const subject = await look.at("the subject could not be made", () => factory());
  assertMembers(
    subject,
    {
      runtime: "object",
      "runtime.type": "string",
      "runtime.capabilities": "object",
      "runtime.parseSpec": "function",
      "runtime.redactSpec": "function",
      "runtime.demands": "function",
      "runtime.probe": "function",
      "runtime.list": "function",
      "runtime.observe": "function",
      "runtime.prepare": "function",
      "runtime.start": "function",
      "runtime.replace": "function",
      "runtime.retire": "function",
      "runtime.restore": "function",
      "runtime.stop": "function",
      "runtime.remove": "function",
      specs: "object",
      "specs.longRunning": "function",
      killBehind: "function",
      dispose: "function",
    },
    { what: `what ${wanted.name}() resolves to`, hints: exampleHints(wanted) },
  );
  const { runtime, idPrefix = "", leftovers } = subject;
  const listed = await look.ask("the runtime could not list its workloads", (signal) =>
    runtime.list(signal),
  );
  const ids = [...listed.keys()].filter((id) => id.startsWith(idPrefix));
  const left =
    (await look.ask("what is left on the host is not known", async () => leftovers?.())) ?? [];
  const found = [...new Set<string>([...ids, ...left])];
  if (found.length > 0) {
    // It is not disposed of: that could clear away what belongs to somebody.
    throw new UsageError(`the subject is not empty: it has ${found.slice(0, 5).join(", ")}`, {
      hints: [
        "the cases stop and remove what is in their way: give them a host, or a namespace, with nothing of anybody's",
      ],
    });
  }
  await look.at("the subject could not be disposed of", () => subject.dispose());
}
