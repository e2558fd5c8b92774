import { join } from "node:path";
import { AgentError } from "@persys/core";
import type { RegistryCredentials } from "./docker-client.ts";
import { referenceOf } from "./image-reference.ts";
import { readConfigFile } from "./registry-config-file.ts";
import { credentialsIn } from "./registry-config.ts";
import { askHelper } from "./credential-command.ts";

/** Where an operator keeps credentials for registries. */
export interface RegistryCredentialOptions {
  /** A Docker `config.json`, for all specs that name no other. Undefined: none. */
  readonly dockerConfigFile: string | undefined;
  /** A folder of files of that form, `<name>.json`, each for the specs that name it. Undefined: none. */
  readonly registryAuthFolder: string | undefined;
}

/** The names a spec may use. None has a slash or starts with a dot, so none leads out of the folder. */
const namePattern = /^[A-Za-z0-9][\w.-]{0,127}$/;

/**
 * Finds the credentials for a pull in the operator's files, which are read each time: what the operator changes there counts at the next
 * pull. Credential helpers named in them are asked as Docker asks them. No secret ever appears in an error.
 */
export class RegistryCredentialFiles {
  readonly #options: RegistryCredentialOptions;

  constructor(options: RegistryCredentialOptions) {
    this.#options = options;
  }

  /**
   * The credentials for an image's registry: of the file that `registryAuth` names, which has to have some, or else of the operator's Docker
   * configuration, where undefined is to pull as nobody.
   * @throws {AgentError} REGISTRY_UNAUTHORIZED, retryable: a file that is missing, unreadable or malformed, or a helper that cannot be run.
   * INVALID_SPEC for a name that cannot be one.
   */
  async find(
    reference: string,
    registryAuth: string | undefined,
    signal: AbortSignal,
  ): Promise<RegistryCredentials | undefined> {
    signal.throwIfAborted();
    const { registry } = referenceOf(reference);
    const { dockerConfigFile } = this.#options;
    if (registryAuth === undefined || registryAuth === "") {
      if (dockerConfigFile === undefined) return undefined;
      return read(dockerConfigFile, "PERSYS_DOCKER_CONFIG", { registry, signal });
    }
    const file = this.#fileOf(registryAuth, registry);
    const found = await read(file, "PERSYS_REGISTRY_AUTH_DIR", { registry, signal });
    if (found !== undefined) return found;
    throw unauthorized(
      registry,
      `${file}, which registryAuth ${registryAuth} names (PERSYS_REGISTRY_AUTH_DIR), has no credentials for it: add them`,
    );
  }

  #fileOf(name: string, registry: string): string {
    if (!namePattern.test(name))
      throw new AgentError("INVALID_SPEC", "registryAuth is not the name of a credential", {
        fault: "user",
        violations: [{ path: ["registryAuth"], rule: "must be the name of a credential" }],
      });
    const folder = this.#options.registryAuthFolder;
    if (folder !== undefined) return join(folder, `${name}.json`);
    throw unauthorized(
      registry,
      `the spec names registryAuth ${name}, and this node has no folder of credentials: set PERSYS_REGISTRY_AUTH_DIR to one with ${name}.json in it`,
    );
  }
}

interface Lookup {
  readonly registry: string;
  readonly signal: AbortSignal;
}

async function read(
  file: string,
  setting: string,
  { registry, signal }: Lookup,
): Promise<RegistryCredentials | undefined> {
  const config = await readConfigFile(file, signal);
  if (!config.ok)
    throw unauthorized(registry, `${file} (${setting}) ${config.fault}`, config.cause);
  const found = credentialsIn(config.value, registry);
  if (found.kind === "none") return undefined;
  if (found.kind === "credentials") return found.credentials;
  if (found.kind === "fault")
    throw unauthorized(registry, `${file} (${setting}) ${found.fault}: run \`docker login\` again`);
  const answer = await askHelper(found.helper, found.serverAddress, signal);
  if (answer.ok) return answer.value;
  throw unauthorized(
    registry,
    `docker-credential-${found.helper}, which ${file} (${setting}) names, ${answer.fault}`,
    answer.cause,
  );
}

function unauthorized(registry: string, why: string, cause?: unknown): AgentError {
  return new AgentError(
    "REGISTRY_UNAUTHORIZED",
    `no credentials can be had for the registry ${registry}: ${why}`,
    { retryable: true, effect: "none", details: { registry }, cause },
  );
}
