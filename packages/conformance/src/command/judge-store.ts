import { stateStoreContract } from "../state-store-contract.ts";
import type { StateStoreHarness } from "../store-contract/state-store-harness.ts";
import type { CommandHost } from "./command-host.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { KitOptions } from "./kit-options.ts";
import { exampleHints, loadFactory, type WantedExport } from "./load-module.ts";
import { runKit } from "./run-kit.ts";
import type { SubjectLook } from "./subject-look.ts";
import { assertMembers } from "./subject-shape.ts";
import { UsageError } from "./usage-error.ts";

const wanted: WantedExport = {
  name: "harness",
  example: [
    "export const harness = async () => ({",
    "  store: () => new MyStore(storage), // not opened",
    "  damageRecord: async (id) => { … }, // spoils the stored bytes",
    "  takeOver: async () => { … }, // as another agent would",
    "  dispose: async () => { … }, // removes the storage",
    "});",
  ],
};

/**
 * Judges the store whose storages a module makes. Returns the exit code.
 * @throws {UsageError} when it cannot begin.
 */
export async function judgeStore(
  options: KitOptions & { readonly module: string },
  host: CommandHost,
): Promise<ExitCode> {
  const { module } = options;
  const factory = await loadFactory({ module, cwd: host.cwd, wanted });
  const harness = factory as () => Promise<StateStoreHarness>;
  const kit = {
    contract: "store",
    subject: module,
    cases: stateStoreContract(harness),
    guard: (look: SubjectLook) => guardStore(harness, look),
    words: ["--module", module],
  } as const;
  return runKit(kit, options, host);
}

/**
 * Refuses a storage that holds something already: the cases would lose it.
 * @throws {UsageError} when it does, or cannot be opened.
 */
async function guardStore(
  factory: () => Promise<StateStoreHarness>,
  look: SubjectLook,
): Promise<void> {
  const harness = await look.at("the harness could not be made", () => factory());
  assertMembers(
    harness,
    { store: "function", damageRecord: "function", takeOver: "function", dispose: "function" },
    { what: `what ${wanted.name}() resolves to`, hints: exampleHints(wanted) },
  );
  const store = await look.at("the store could not be made", async () => harness.store());
  const { records, actions } = await look.at("the store could not be opened", (signal) =>
    store.open(signal),
  );
  await look.at("the store could not be closed", () => store.close());
  if (records.length > 0 || actions.length > 0) {
    // It is not disposed of: that would remove what belongs to somebody.
    const held = records.length > 0 ? records.slice(0, 5).map(({ id }) => id) : ["a history"];
    throw new UsageError(`the storage is not empty: it holds ${held.join(", ")}`, {
      hints: ["the cases overwrite and remove what they find: give them a storage of their own"],
    });
  }
  await look.at("the storage could not be removed", () => harness.dispose());
}
