import type { RuntimeModelFactory } from "./runtime-model.ts";
import { simulatedModel } from "./simulated-model.ts";

/**
 * The model that a module exports as `createModel`; without a module, that of the kit.
 * @throws {TypeError} when the module exports no such function.
 */
export async function loadModel(url: string | undefined): Promise<RuntimeModelFactory> {
  if (url === undefined) return simulatedModel;
  const exported: unknown = await import(url);
  if (hasModel(exported)) return exported.createModel;
  throw new TypeError(`${url} does not export a function createModel`);
}

function hasModel(exported: unknown): exported is { readonly createModel: RuntimeModelFactory } {
  return (
    typeof exported === "object" &&
    exported !== null &&
    "createModel" in exported &&
    typeof exported.createModel === "function"
  );
}
