export { defaultDockerEndpoint, type DockerEndpoint, endpointFault } from "./docker-endpoint.ts";
export type { DockerRuntimeOptions } from "./docker-options.ts";
export { DockerRuntime } from "./docker-runtime.ts";
