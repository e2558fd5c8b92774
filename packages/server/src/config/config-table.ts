import { defaultEnginePolicy as engine } from "@persys/core";
import { packageVersion } from "../version.ts";
import type { Config } from "./config.ts";
import type { ConfigOption } from "./config-option.ts";
import { composeOptions } from "./compose-options.ts";
import { connectionOptions } from "./connection-options.ts";
import { dockerOptions } from "./docker-options.ts";
import { duration } from "./duration.ts";
import { labelPairs } from "./labels.ts";
import { limitOptions } from "./limit-options.ts";
import { networkAddress } from "./network-address.ts";
import {
  absolutePath,
  anyPath,
  oneOf,
  port,
  truth,
  wholeNumber,
  word,
  wordOrNone,
} from "./option-type.ts";
import { policyOptions } from "./policy-options.ts";
import { securityOptions } from "./security-options.ts";
import { telemetryOptions } from "./telemetry-options.ts";
import { vmOptions } from "./vm-options.ts";
import { noStateUrl, stateUrl } from "./state-url.ts";

/** A row for every member of {@link Config}; the compiler sees to it that none is missing. */
export type ConfigTable = { readonly [Name in keyof Config]: ConfigOption<Config[Name]> };

const secondMs = 1_000;
const dayMs = 86_400 * secondMs;

/** Every setting there is, in the order of the documentation. */
export const configTable: ConfigTable = {
  httpAddress: {
    section: "API",
    key: "http_addr",
    env: ["PERSYS_HTTP_ADDR"],
    type: networkAddress,
    standard: "127.0.0.1",
    doc: "Where the API listens for Connect, gRPC-Web and gRPC.",
  },
  httpPort: {
    section: "API",
    key: "http_port",
    env: ["PERSYS_HTTP_PORT"],
    type: port,
    standard: 50_052,
    doc: "Port of the API. 0 takes any free one.",
  },
  httpAllowCleartext: {
    section: "API",
    key: "http_allow_cleartext",
    env: ["PERSYS_HTTP_ALLOW_CLEARTEXT"],
    type: truth,
    standard: false,
    doc: "Allows `http_addr` and `grpc_addr` to be reachable from other machines without TLS. The bearer token, which gives full control of this node, then crosses the network readable; only for networks that are trusted or encrypted by other means.",
  },
  grpcEnabled: {
    section: "API",
    key: "grpc_enabled",
    env: ["PERSYS_GRPC_ENABLED"],
    type: truth,
    standard: true,
    doc: "Whether the API has a port of its own for gRPC, besides the one above.",
  },
  grpcAddress: {
    section: "API",
    key: "grpc_addr",
    env: ["PERSYS_GRPC_ADDR"],
    type: networkAddress,
    standard: "0.0.0.0",
    development: () => "127.0.0.1",
    doc: "Where that port listens.",
  },
  grpcPort: {
    section: "API",
    key: "grpc_port",
    env: ["PERSYS_GRPC_PORT"],
    type: port,
    standard: 50_051,
    doc: "Number of that port. 0 takes any free one.",
  },
  tokenFile: {
    section: "API",
    key: "token_file",
    env: ["PERSYS_TOKEN_FILE"],
    type: absolutePath,
    standard: "/var/lib/persys/token",
    development: (devDir) => `${devDir}/token`,
    doc: "File with the bearer token that every API call has to carry. Made at the first start, readable by its owner alone, when it does not exist.",
  },
  ...securityOptions,
  ...limitOptions,
  ...connectionOptions,
  metricsAddress: {
    section: "Health and metrics",
    key: "metrics_addr",
    env: ["PERSYS_METRICS_ADDR"],
    type: networkAddress,
    standard: "127.0.0.1",
    doc: "Where `/health`, `/ready` and `/metrics` listen. On another address than loopback they need TLS, and `/metrics` a certificate or token with the role `viewer`; `/health` and `/ready` stay free, and tell strangers nothing but whether all is well.",
  },
  metricsPort: {
    section: "Health and metrics",
    key: "metrics_port",
    env: ["PERSYS_METRICS_PORT"],
    type: port,
    standard: 8_089,
    doc: "Port of health and metrics. 0 takes any free one.",
  },
  ...telemetryOptions,
  statePath: {
    section: "State",
    key: "state_store_path",
    env: ["PERSYS_STATE_PATH", "PERSYS_STATE_STORE_PATH"],
    type: absolutePath,
    standard: "/var/lib/persys/state",
    development: (devDir) => `${devDir}/state`,
    doc: "Folder of the durable state, made when it does not exist. One agent at a time owns it. Not used where `state_url` is set.",
  },
  stateUrl: {
    section: "State",
    key: "state_url",
    env: ["PERSYS_STATE_URL"],
    type: stateUrl,
    standard: noStateUrl,
    secret: true,
    doc: "Keeps the state in this Redis server instead of a folder; `state_store_path` is then not used. `redis://user:password@host:port/database`, name and password percent-encoded; of a cluster, any member. What the server has to be like: docs/operations.md. `none`: the state is in the folder.",
  },
  secretKeysFile: {
    section: "State",
    key: "secret_keys_file",
    env: ["PERSYS_SECRET_KEYS_FILE"],
    type: absolutePath,
    standard: "/var/lib/persys/secret-keys.json",
    development: (devDir) => `${devDir}/secret-keys.json`,
    doc: "File with the keys that seal the secrets of workloads before they are stored ([docs/security.md](security.md#secrets)). Made at the first start, readable by its owner alone, when it does not exist. Without it what it sealed cannot be read again: keep a copy elsewhere than that of the state.",
  },
  actionsMax: {
    section: "State",
    key: "actions_max",
    env: ["PERSYS_ACTIONS_MAX"],
    type: wholeNumber(100, 1_000_000),
    standard: engine.actionsMax,
    doc: "Most entries kept in the history of requests; the oldest go first.",
  },
  actionsMaxAgeMs: {
    section: "State",
    key: "actions_max_age",
    env: ["PERSYS_ACTIONS_MAX_AGE"],
    type: duration(60 * secondMs, 3_650 * dayMs),
    standard: engine.actionsMaxAgeMs,
    doc: "How long entries of the history are kept.",
  },
  nodeId: {
    section: "Node",
    key: "node_id",
    env: ["PERSYS_NODE_ID"],
    type: word(255),
    standard: "auto",
    doc: "Names this node; everything the agent makes is marked with it, so it must stay the same. `auto` derives it from the host name and the machine id, or the first network card's address where there is none. In the development profile `auto` makes one for each folder and keeps it there.",
  },
  nodeLabels: {
    section: "Node",
    key: "node_labels",
    env: ["PERSYS_NODE_LABELS"],
    type: labelPairs,
    standard: {},
    doc: "Labels of this node. `os` and `arch` are added where they are missing. The environment replaces the whole mapping of the file.",
  },
  nodeRegion: {
    section: "Node",
    key: "node_region",
    env: ["PERSYS_NODE_REGION"],
    type: wordOrNone(128),
    standard: "",
    doc: "Becomes the label `region`.",
  },
  nodeEnv: {
    section: "Node",
    key: "node_env",
    env: ["PERSYS_NODE_ENV"],
    type: wordOrNone(128),
    standard: "",
    doc: "Becomes the label `env`.",
  },
  version: {
    section: "Node",
    key: "version",
    env: ["PERSYS_VERSION"],
    type: word(128),
    standard: packageVersion,
    doc: "The version that health answers report. For images that are built under a number of their own.",
  },
  logLevel: {
    section: "Logs",
    key: "log_level",
    env: ["PERSYS_LOG_LEVEL"],
    type: oneOf("debug", "info", "warn", "error"),
    standard: "info",
    doc: "The least important messages to log.",
  },
  logFormat: {
    section: "Logs",
    key: "log_format",
    env: ["PERSYS_LOG_FORMAT"],
    type: oneOf("auto", "json", "pretty"),
    standard: "auto",
    doc: "`json`: a JSON object on each line. `pretty`: for people. `auto`: pretty on a terminal, JSON elsewhere. Logs go to the standard error stream.",
  },
  reconcileEnabled: {
    section: "Engine",
    key: "reconcile_enabled",
    env: ["PERSYS_RECONCILE_ENABLED"],
    type: truth,
    standard: true,
    doc: "Whether changes that nobody asked for (a process that ends, a container that is removed) are noticed and repaired. When false, only requests and restarts of the agent make it look.",
  },
  eventsEnabled: {
    section: "Engine",
    key: "events_enabled",
    env: ["PERSYS_EVENTS_ENABLED"],
    type: truth,
    standard: engine.eventsEnabled,
    doc: "Whether the runtimes' own events are listened to. When false, changes that nobody asked for are noticed at the next comparison (`reconcile_interval`) and counted as missed events; for engines whose events are broken.",
  },
  reconcileIntervalMs: {
    section: "Engine",
    key: "reconcile_interval",
    env: ["PERSYS_RECONCILE_INTERVAL"],
    type: duration(secondMs, dayMs),
    standard: engine.resyncIntervalMs,
    doc: "How often everything is compared with the runtimes, whatever their events say. Changes are normally noticed at once; this is the safety net. To switch it off, set `reconcile_enabled` to false.",
  },
  usageIntervalMs: {
    section: "Engine",
    key: "usage_interval",
    env: ["PERSYS_USAGE_INTERVAL"],
    type: duration(secondMs, dayMs),
    standard: engine.usageIntervalMs,
    doc: "How often what runs is measured: processor, memory, disks, network. A status shows the last measurement with its time.",
  },
  settleTimeMs: {
    section: "Engine",
    key: "settle_time",
    env: ["PERSYS_SETTLE_TIME"],
    type: duration(0, 3_600 * secondMs),
    standard: engine.settleAfterMs,
    doc: "How long a new instance without a health check has to stay up to count as settled, and any instance for its back-off to be forgotten.",
  },
  restoreAfterAttempts: {
    section: "Engine",
    key: "restore_after_attempts",
    env: ["PERSYS_RESTORE_AFTER_ATTEMPTS"],
    type: wholeNumber(1, 1_000),
    standard: engine.restoreAfterAttempts,
    doc: "Failed tries of a new revision after which the last settled one runs again.",
  },
  updatePolicy: {
    section: "Engine",
    key: "update_policy",
    env: ["PERSYS_UPDATE_POLICY"],
    type: oneOf("restore", "keep-trying"),
    standard: engine.updatePolicy,
    doc: "What a new revision that does not settle leads to: `restore` runs the last settled one again, `keep-trying` never does.",
  },
  revisionConflict: {
    section: "Engine",
    key: "revision_conflict",
    env: ["PERSYS_REVISION_CONFLICT"],
    type: oneOf("reject", "ignore"),
    standard: engine.revisionConflict,
    doc: "What a request with a known revision id and another spec gets: `reject` an error, `ignore` the answer that nothing was done, for older schedulers.",
  },
  backoffBaseMs: {
    section: "Engine",
    key: "backoff_base",
    env: ["PERSYS_BACKOFF_BASE"],
    type: duration(100, 3_600 * secondMs),
    standard: engine.backoffBaseMs,
    doc: "First delay between tries of a workload that keeps failing; it doubles from try to try.",
  },
  backoffMaxMs: {
    section: "Engine",
    key: "backoff_max",
    env: ["PERSYS_BACKOFF_MAX"],
    type: duration(100, dayMs),
    standard: engine.backoffMaxMs,
    doc: "Longest delay between tries.",
  },
  prepareTimeoutMs: {
    section: "Engine",
    key: "prepare_timeout",
    env: ["PERSYS_PREPARE_TIMEOUT"],
    type: duration(secondMs, dayMs),
    standard: engine.prepareTimeoutMs,
    doc: "How long the preparation of one workload may take, such as the download of an image.",
  },
  stepTimeoutMs: {
    section: "Engine",
    key: "step_timeout",
    env: ["PERSYS_STEP_TIMEOUT"],
    type: duration(secondMs, dayMs),
    standard: engine.stepTimeoutMs,
    doc: "How long one start, replacement or removal may take. A stop has the grace of its workload besides.",
  },
  workloadsMax: {
    section: "Engine",
    key: "workloads_max",
    env: ["PERSYS_WORKLOADS_MAX"],
    type: wholeNumber(1, 1_000_000),
    standard: engine.workloadsMax,
    doc: "Most workloads on this node; further ones are refused.",
  },
  processEnabled: {
    section: "Processes",
    key: "process_enabled",
    env: ["PERSYS_PROCESS_ENABLED"],
    type: truth,
    standard: true,
    doc: "Whether workloads may be processes of this host.",
  },
  processRoot: {
    section: "Processes",
    key: "process_root",
    env: ["PERSYS_PROCESS_ROOT"],
    type: absolutePath,
    standard: "/var/lib/persys/processes",
    development: (devDir) => `${devDir}/processes`,
    doc: "Folder of the process runtime: logs, exit records and locks of the processes. Made when it does not exist.",
  },
  ...dockerOptions,
  ...composeOptions,
  ...vmOptions,
  ...policyOptions,
  stopTimeoutMs: {
    section: "Life cycle",
    key: "stop_timeout",
    env: ["PERSYS_STOP_TIMEOUT"],
    type: duration(secondMs, 3_600 * secondMs),
    standard: 20 * secondMs,
    doc: "How long the agent takes at most to stop: requests under way and steps under way end, then the state is closed. Workloads go on running.",
  },
  devDir: {
    section: "Life cycle",
    key: "dev_dir",
    env: ["PERSYS_DEV_DIR"],
    type: anyPath,
    standard: ".persys/dev",
    doc: "Folder of the development profile (`--dev`), which keeps everything there: state, token, processes, and `endpoints.json` while it serves. Relative to the working directory.",
  },
};

/** One row with the name of its member. */
export interface ConfigRow {
  readonly name: keyof Config;
  readonly option: ConfigOption<unknown>;
}

/** The rows of the table, in its order. */
export const configRows: readonly ConfigRow[] = (Object.keys(configTable) as (keyof Config)[]).map(
  (name) => ({ name, option: configTable[name] }),
);
