export { SystemClock } from "./system-clock.ts";
export { SystemNodeResources, type SystemNodeResourcesOptions } from "./system-node-resources.ts";
export { SystemRandom } from "./system-random.ts";
