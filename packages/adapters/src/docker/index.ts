export { DockerClient } from "./docker-client.ts";
