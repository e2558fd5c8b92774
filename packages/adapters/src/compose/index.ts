export type { ComposeRuntimeOptions } from "./compose-options.ts";
export { ComposeRuntime } from "./compose-runtime.ts";
