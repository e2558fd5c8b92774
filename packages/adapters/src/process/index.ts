export { defaultPath } from "./command-check.ts";
export type { ProcessRuntimeOptions } from "./process-options.ts";
export { ProcessRuntime } from "./process-runtime.ts";
