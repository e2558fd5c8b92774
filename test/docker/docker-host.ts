import { accessSync, constants } from "node:fs";
import Docker from "dockerode";
import type { Lack } from "../../scripts/closing-line-reporter.ts";
import { describeUnlessLacking, hostVariables } from "../test-host.ts";

/** The engine and the registries of the tests, as `scripts/test-host up` has started them. */
export interface DockerHost {
  /** `unix:///path` of the engine that all tests share: none of them stops it. */
  readonly endpoint: string;
  /** `host:port` of a registry for all. */
  readonly registry: string;
  /** One that wants {@link credentials}. */
  readonly guardedRegistry: string;
  readonly credentials: { readonly username: string; readonly password: string };
  /** A file with the images of the engine, as `docker load` takes it. */
  readonly imagesFile: string;
}

/**
 * A suite that needs the engine or a registry. Without them it is skipped by name, or fails where `CI=true`: there nothing may go
 * untested unnoticed. The body must not ask for the host before its tests run.
 */
export function describeWithDocker(title: string, body: () => void): void {
  describeUnlessLacking(lackingOfDocker(), title, body);
}

/** @throws where there is none; {@link describeWithDocker} keeps tests from that. */
export function dockerHost(): DockerHost {
  const variables = hostVariables();
  const read = (name: string): string => {
    const value = variables[name];
    if (value === undefined || value === "") throw new Error(`${name} is not set: ${howToStart}`);
    return value;
  };
  return {
    endpoint: read("PERSYS_TEST_DOCKER_HOST"),
    registry: read("PERSYS_TEST_REGISTRY"),
    guardedRegistry: read("PERSYS_TEST_REGISTRY_AUTH"),
    credentials: {
      username: read("PERSYS_TEST_REGISTRY_USER"),
      password: read("PERSYS_TEST_REGISTRY_PASSWORD"),
    },
    imagesFile: read("PERSYS_TEST_IMAGES"),
  };
}

/** A client of the engine at `unix:///path`. */
export function dockerAt(endpoint: string): Docker {
  return new Docker({ socketPath: socketOf(endpoint) });
}

const howToStart = "start the engines with scripts/test-host up";

/** Undefined: nothing. */
function lackingOfDocker(): Lack | undefined {
  const endpoint = hostVariables()["PERSYS_TEST_DOCKER_HOST"];
  if (endpoint === undefined || endpoint === "")
    return `no Docker engine for tests (${howToStart})`;
  try {
    accessSync(socketOf(endpoint), constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return `the Docker engine for tests cannot be used (${String(error)})`;
  }
}

function socketOf(endpoint: string): string {
  return endpoint.replace(/^unix:\/\//, "");
}
