import type { CaseContext, ContractCase } from "../../src/contract-case.ts";

/** A case that does what `run` does, and is kept by default. */
export function aCase(
  id: string,
  run: (context: CaseContext) => void | Promise<void> = () => {},
  overrides: Partial<ContractCase> = {},
): ContractCase {
  return {
    id,
    clause: `X-${id}`,
    level: "MUST",
    title: `promises ${id}`,
    run: async (context) => run(context),
    ...overrides,
  };
}

/** A case of this level that fails with these words. */
export function brokenCase(id: string, message = "it is broken"): ContractCase {
  return aCase(id, () => {
    throw new Error(message);
  });
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
