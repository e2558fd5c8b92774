import type { Config } from "./config.ts";
import type { ConfigOption } from "./config-option.ts";
import { dockerEndpoint } from "./docker-endpoint.ts";
import { duration } from "./duration.ts";
import { absolutePath, absolutePathOr, truth } from "./option-type.ts";

type DockerSetting =
  | "dockerEnabled"
  | "dockerEndpoint"
  | "dockerCertificates"
  | "dockerConfigFile"
  | "registryAuthFolder"
  | "pullIdleTimeoutMs";

const section = "Containers";

/** The rows of the table about containers and the Docker engine that runs them. */
export const dockerOptions: { readonly [Name in DockerSetting]: ConfigOption<Config[Name]> } = {
  dockerEnabled: {
    section,
    key: "docker_enabled",
    env: ["PERSYS_DOCKER_ENABLED"],
    type: truth,
    standard: true,
    doc: "Whether workloads may be containers of a Docker engine. The engine may come after the agent and go away at any time; a machine without one needs no other setting.",
  },
  dockerEndpoint: {
    section,
    key: "docker_endpoint",
    env: ["PERSYS_DOCKER_ENDPOINT"],
    foreignEnv: { name: "DOCKER_HOST" },
    type: dockerEndpoint,
    standard: "unix:///var/run/docker.sock",
    doc: "Where the Docker engine is. Paths in specs are those of the machine that it runs on.",
  },
  dockerCertificates: {
    section,
    key: "docker_certs",
    env: ["PERSYS_DOCKER_CERTS"],
    foreignEnv: { name: "DOCKER_CERT_PATH", when: "DOCKER_TLS_VERIFY" },
    type: absolutePathOr("none"),
    standard: "none",
    doc: "Folder with `ca.pem`, `cert.pem` and `key.pem`, with which an engine at `tcp://` is spoken to over TLS. `none`: no TLS.",
  },
  dockerConfigFile: {
    section,
    key: "docker_config",
    env: ["PERSYS_DOCKER_CONFIG"],
    type: absolutePathOr("auto", "none"),
    standard: "auto",
    doc: "The `config.json` of `docker login`, with credentials for registries or the helpers that have them. Read at every pull. `auto`: that of the agent's user (`$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`) if it is there when the agent starts. `none`: images are pulled without credentials, unless their spec names some.",
  },
  registryAuthFolder: {
    section,
    key: "registry_auth_dir",
    env: ["PERSYS_REGISTRY_AUTH_DIR"],
    type: absolutePath,
    standard: "/etc/persys/registry-auth",
    development: (devDir) => `${devDir}/registry-auth`,
    doc: "Folder of further files of that form. A spec whose `registry_auth` is `team-a` is pulled with the credentials in `team-a.json`. Whoever may apply workloads may use every file in it.",
  },
  pullIdleTimeoutMs: {
    section,
    key: "pull_idle_timeout",
    env: ["PERSYS_PULL_IDLE_TIMEOUT"],
    type: duration(1_000, 86_400_000),
    // As Nomad has it, and the runtime itself.
    standard: 120_000,
    doc: "A pull that makes no progress for so long is called off and tried again. However it goes on, it has `prepare_timeout`.",
  },
};
