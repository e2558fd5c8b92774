import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { flagOf } from "../../src/config/config-option.ts";
import { configRows, configTable } from "../../src/config/config-table.ts";
import { laterOptions } from "../../src/config/later-options.ts";
import {
  type ConfigSources,
  describeProblem,
  type LoadedConfig,
  loadConfig,
} from "../../src/config/load-config.ts";

/** For every setting a text that is not its default, and what it means. */
const samples: { readonly [Name in keyof Config]: readonly [text: string, value: Config[Name]] } = {
  httpAddress: ["127.0.0.2", "127.0.0.2"],
  httpPort: ["1234", 1234],
  httpAllowCleartext: ["true", true],
  grpcEnabled: ["no", false],
  grpcAddress: ["127.0.0.2", "127.0.0.2"],
  grpcPort: ["1235", 1235],
  tokenFile: ["/run/token", "/run/token"],
  tlsEnabled: ["on", true],
  tlsCert: ["/srv/agent.pem", "/srv/agent.pem"],
  tlsKey: ["/srv/agent-key.pem", "/srv/agent-key.pem"],
  tlsCa: ["/srv/ca.pem", "/srv/ca.pem"],
  tlsCrl: ["/srv/crl.pem", "/srv/crl.pem"],
  grpcClientCertificates: ["asked", "asked"],
  adminIdentities: ["persys-scheduler, cn:ops", ["persys-scheduler", "cn:ops"]],
  accessFile: ["/srv/access.yaml", "/srv/access.yaml"],
  callsPerSecond: ["0", 0],
  callsBurst: ["10", 10],
  callsAtOnce: ["11", 11],
  streamsAtOnce: ["12", 12],
  refusedCallsPerSecond: ["13", 13],
  httpAllowedOrigins: [
    "https://Console.example:443, http://127.0.0.1:5173",
    ["https://console.example", "http://127.0.0.1:5173"],
  ],
  httpHosts: ["Node-1.example", ["node-1.example"]],
  connectionsMax: ["500", 500],
  connectionsPerAddressMax: ["50", 50],
  connectionsUnknownMax: ["20", 20],
  streamsMax: ["100", 100],
  headersTimeoutMs: ["5s", 5_000],
  requestTimeoutMs: ["2m", 120_000],
  connectionIdleTimeoutMs: ["5m", 300_000],
  connectionAgeMaxMs: ["0", 0],
  connectionAgeGraceMs: ["10m", 600_000],
  keepaliveIntervalMs: ["30s", 30_000],
  keepaliveTimeoutMs: ["10s", 10_000],
  clientPingIntervalMinMs: ["1s", 1_000],
  metricsAddress: ["0.0.0.0", "0.0.0.0"],
  metricsPort: ["0", 0],
  otlpEndpoint: ["collector:4318", "http://collector:4318"],
  statePath: ["/srv/state", "/srv/state"],
  stateUrl: ["redis://h:7000/2", "redis://h:7000/2"],
  secretKeysFile: ["/srv/keys.json", "/srv/keys.json"],
  actionsMax: ["200", 200],
  actionsMaxAgeMs: ["1h", 3_600_000],
  nodeId: ["node-7", "node-7"],
  nodeLabels: ["rack=7, Zone = b,", { rack: "7", Zone: "b" }],
  nodeRegion: ["eu", "eu"],
  nodeEnv: ["prod", "prod"],
  version: ["9.9.9", "9.9.9"],
  logLevel: ["DEBUG", "debug"],
  logFormat: ["json", "json"],
  reconcileEnabled: ["no", false],
  eventsEnabled: ["false", false],
  reconcileIntervalMs: ["45s", 45_000],
  usageIntervalMs: ["2m", 120_000],
  settleTimeMs: ["2s", 2_000],
  restoreAfterAttempts: ["5", 5],
  updatePolicy: ["keep-trying", "keep-trying"],
  revisionConflict: ["ignore", "ignore"],
  backoffBaseMs: ["2s", 2_000],
  backoffMaxMs: ["10m", 600_000],
  prepareTimeoutMs: ["20m", 1_200_000],
  stepTimeoutMs: ["3m", 180_000],
  workloadsMax: ["10", 10],
  processEnabled: ["off", false],
  processRoot: ["/srv/processes", "/srv/processes"],
  dockerEnabled: ["0", false],
  dockerEndpoint: ["tcp://engine:2376", "tcp://engine:2376"],
  dockerCertificates: ["/etc/docker/certs", "/etc/docker/certs"],
  dockerConfigFile: ["none", "none"],
  registryAuthFolder: ["/srv/registry-auth", "/srv/registry-auth"],
  pullIdleTimeoutMs: ["1m", 60_000],
  composeEnabled: ["false", false],
  composeBinary: ["docker  compose", ["docker", "compose"]],
  composeRoot: ["/srv/compose", "/srv/compose"],
  vmEnabled: ["false", false],
  libvirtUri: [
    "qemu+unix:///system?socket=/run/other.sock",
    "qemu+unix:///system?socket=/run/other.sock",
  ],
  vmAccelerator: ["TCG", "tcg"],
  vmRoot: ["/srv/vm", "/srv/vm"],
  vmDiskFolder: ["/srv/disks", "/srv/disks"],
  vmImageFolder: ["/srv/images", "/srv/images"],
  allowedHostPaths: [
    "/srv/data/, /srv/shared:ro",
    [
      { path: "/srv/data", readOnly: false },
      { path: "/srv/shared", readOnly: true },
    ],
  ],
  allowRemoteHostPaths: ["true", true],
  allowPrivileged: ["true", true],
  allowedCapabilities: ["cap_net_admin,SYS_TIME", ["NET_ADMIN", "SYS_TIME"]],
  allowedHostNamespaces: ["network,PID", ["network", "pid"]],
  allowedDevices: ["/dev/kvm", ["/dev/kvm"]],
  allowedRawDisks: ["/dev/vdb", ["/dev/vdb"]],
  allowedBridges: ["br0,br-lan", ["br0", "br-lan"]],
  allowedStoragePools: ["fast, big disks", ["fast", "big disks"]],
  publishedAddresses: ["127.0.0.0/8,::1", ["127.0.0.0/8", "::1"]],
  publishedPorts: [
    "443,8000-8100",
    [
      { first: 443, last: 443 },
      { first: 8_000, last: 8_100 },
    ],
  ],
  processUsers: ["self,app:33", ["self", "app:33"]],
  imageRegistries: ["docker.io/library,ghcr.io", ["docker.io/library", "ghcr.io"]],
  gitRepositories: ["git.example,http://git.lan", ["git.example", "http://git.lan"]],
  requireImageDigest: ["true", true],
  allowedSecretFiles: ["/run/secrets/, /srv/db.key", ["/run/secrets", "/srv/db.key"]],
  allowedSecretVariables: ["DB_PASSWORD", ["DB_PASSWORD"]],
  stopTimeoutMs: ["5s", 5_000],
  devDir: ["elsewhere", "elsewhere"],
};

const names = Object.keys(samples) as (keyof Config)[];
const nothing: ConfigSources = { flags: {}, env: {}, file: undefined, devDir: undefined };

function load(sources: Partial<ConfigSources>): LoadedConfig {
  return loadConfig({ ...nothing, ...sources });
}

function configOf(loaded: LoadedConfig): Config {
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join("\n"));
  return loaded.config;
}

function problemsOf(loaded: LoadedConfig): string[] {
  return loaded.ok ? [] : loaded.problems.map(describeProblem);
}

describe("loadConfig", () => {
  it("gives every setting its default when nothing is said", () => {
    const loaded = load({});

    expect(configOf(loaded)).toEqual(
      Object.fromEntries(configRows.map(({ name, option }) => [name, option.standard])),
    );
    expect(loaded.warnings).toEqual([]);
  });

  it.each(names)("takes %s from each of its variables alone", (name) => {
    const [text, value] = samples[name];
    for (const variable of configTable[name].env) {
      const loaded = load({ env: { [variable]: text } });

      expect(configOf(loaded)[name]).toEqual(value);
      expect(loaded).toMatchObject({ origins: { [name]: variable }, warnings: [] });
    }
  });

  it.each(names)("takes %s from the file alone", (name) => {
    const [text, value] = samples[name];
    const file = { path: "/etc/f.yaml", settings: { [configTable[name].key]: text } };

    expect(configOf(load({ file }))[name]).toEqual(value);
  });

  it.each(names)("takes %s from its flag alone", (name) => {
    const [text, value] = samples[name];

    expect(configOf(load({ flags: { [configTable[name].key]: text } }))[name]).toEqual(value);
  });

  it.each(names)("takes back what it writes of %s", (name) => {
    const option = configRows.find((row) => row.name === name)?.option;

    expect(option?.type.read(option.type.write(samples[name][1]))).toEqual({
      ok: true,
      value: samples[name][1],
    });
  });

  it("prefers a flag to the environment, that to the file, and that to the default", () => {
    const file = { path: "f", settings: { http_port: 3, metrics_port: 3, workloads_max: 3 } };
    const env = { PERSYS_HTTP_PORT: "2", PERSYS_METRICS_PORT: "2" };

    const config = configOf(load({ flags: { http_port: "1" }, env, file }));

    expect([config.httpPort, config.metricsPort, config.workloadsMax]).toEqual([1, 2, 3]);
  });

  it("takes an empty variable for one that is not set", () => {
    expect(configOf(load({ env: { PERSYS_HTTP_PORT: " " } })).httpPort).toBe(50_052);
  });

  it("names everything that is wrong at once, with the rule and the value seen", () => {
    const problems = problemsOf(
      load({
        flags: { http_port: "99999" },
        env: { PERSYS_RECONCILE_INTERVAL: "0", PERSYS_LOG_LEVEL: "loud", PERSYS_STATE_PATH: "./x" },
        file: { path: "/etc/f.yaml", settings: { workloads_max: [1], node_labels: "rack" } },
      }),
    );

    expect(problems.toSorted()).toEqual([
      '--http-port is "99999", but must be a port from 0 to 65535 (0: any free one)',
      'PERSYS_LOG_LEVEL is "loud", but must be one of debug, info, warn, error',
      'PERSYS_RECONCILE_INTERVAL is "0", but must be a duration with a unit, such as 30s or 5m, from 1s to 1d',
      'PERSYS_STATE_PATH is "./x", but must be an absolute path, starting with /',
      'node_labels in /etc/f.yaml is "rack", but must be pairs like rack=7,zone=b, each with a name of 1 to 128 characters',
      'workloads_max in /etc/f.yaml is "[1]", but must be a whole number from 1 to 1000000',
    ]);
  });

  it("refuses two variables of one meaning that say different things", () => {
    const env = { PERSYS_STATE_PATH: "/a", PERSYS_STATE_STORE_PATH: "/b" };

    expect(problemsOf(load({ env }))).toEqual([
      "PERSYS_STATE_STORE_PATH says otherwise than PERSYS_STATE_PATH, which means the same: set only one of them",
    ]);
    expect(problemsOf(load({ env: { ...env, PERSYS_STATE_STORE_PATH: "/a" } }))).toEqual([]);
  });

  it("takes what another program's variable says only where nothing was said to the agent", () => {
    const env = { DOCKER_HOST: "unix:///theirs" };
    const file = { path: "f", settings: { docker_endpoint: "unix:///filed" } };
    const endpointOf = (sources: Partial<ConfigSources>): string =>
      configOf(load(sources)).dockerEndpoint;

    expect(load({ env })).toMatchObject({ origins: { dockerEndpoint: "DOCKER_HOST" } });
    expect(endpointOf({ env })).toBe("unix:///theirs");
    expect(endpointOf({ env, file })).toBe("unix:///filed");
    expect(endpointOf({ env: { ...env, PERSYS_DOCKER_ENDPOINT: "unix:///ours" } })).toBe(
      "unix:///ours",
    );
  });

  it("takes the certificates of docker where it is told to verify", () => {
    const env = { DOCKER_CERT_PATH: "/certs" };

    expect(configOf(load({ env })).dockerCertificates).toBe("none");
    expect(configOf(load({ env: { ...env, DOCKER_TLS_VERIFY: "1" } })).dockerCertificates).toBe(
      "/certs",
    );
  });

  it("says which setting counts instead of another program's variable that is wrong", () => {
    expect(problemsOf(load({ env: { DOCKER_HOST: "ssh://box" } }))).toEqual([
      'DOCKER_HOST is "ssh://box", but must be unix:///path/of/a.sock or tcp://host:port; PERSYS_DOCKER_ENDPOINT, where it is set, counts instead',
    ]);
  });

  it.each(["PERSYS_HTTP_ADDR", "PERSYS_GRPC_ADDR"])(
    "refuses to have others reach %s without TLS, unless cleartext is allowed",
    (name) => {
      const loopback = { PERSYS_HTTP_ADDR: "127.0.0.1", PERSYS_GRPC_ADDR: "127.0.0.1" };
      const env = { ...loopback, [name]: "0.0.0.0", PERSYS_TLS_ENABLED: "false" };

      expect(problemsOf(load({ env }))).toEqual([
        expect.stringMatching(new RegExp(`^${name} .*PERSYS_HTTP_ALLOW_CLEARTEXT=true`)),
      ]);
      expect(problemsOf(load({ env: { ...env, PERSYS_HTTP_ALLOW_CLEARTEXT: "true" } }))).toEqual(
        [],
      );
      expect(problemsOf(load({ env: { ...env, PERSYS_TLS_ENABLED: "true" } }))).toEqual([]);
    },
  );

  it("refuses to show others its metrics without TLS, whatever else is allowed in clear text", () => {
    const env = {
      PERSYS_METRICS_ADDR: "0.0.0.0",
      PERSYS_GRPC_ADDR: "127.0.0.1",
      PERSYS_TLS_ENABLED: "false",
    };

    for (const PERSYS_HTTP_ALLOW_CLEARTEXT of ["true", "false"]) {
      expect(problemsOf(load({ env: { ...env, PERSYS_HTTP_ALLOW_CLEARTEXT } }))).toEqual([
        expect.stringMatching(/^PERSYS_METRICS_ADDR .*PERSYS_TLS_ENABLED/),
      ]);
    }
    expect(problemsOf(load({ env: { ...env, PERSYS_TLS_ENABLED: "true" } }))).toEqual([]);
  });

  it.each([
    "*",
    "null",
    "console.example",
    "https://console.example/app",
    "ftp://x",
    "https://a?b",
  ])("takes no %s for a site whose pages may call", (origin) => {
    expect(problemsOf(load({ env: { PERSYS_HTTP_ALLOWED_ORIGINS: origin } }))).toEqual([
      expect.stringMatching(/^PERSYS_HTTP_ALLOWED_ORIGINS /),
    ]);
  });

  it("speaks TLS unless told otherwise, but not in the development profile", () => {
    expect(configOf(load({})).tlsEnabled).toBe(true);
    expect(configOf(load({ devDir: "/w/dev" }))).toMatchObject({
      tlsEnabled: false,
      grpcAddress: "127.0.0.1",
    });
  });

  it("refuses one port for two servers, but not two times any port", () => {
    expect(problemsOf(load({ env: { PERSYS_METRICS_PORT: "50052" } }))).toHaveLength(1);
    expect(problemsOf(load({ env: { PERSYS_GRPC_PORT: "8089" } }))).toHaveLength(1);
    const without = { PERSYS_GRPC_PORT: "8089", PERSYS_GRPC_ENABLED: "false" };
    expect(problemsOf(load({ env: without }))).toEqual([]);
    expect(problemsOf(load({ env: { PERSYS_METRICS_PORT: "0", PERSYS_HTTP_PORT: "0" } }))).toEqual(
      [],
    );
  });

  it("refuses a longest delay below the first", () => {
    expect(problemsOf(load({ env: { PERSYS_BACKOFF_MAX: "500ms" } }))).toEqual([
      'PERSYS_BACKOFF_MAX is "500ms", but must be at least the first delay, 1s (PERSYS_BACKOFF_BASE)',
    ]);
  });

  it("keeps everything in the folder of the development profile, unless told otherwise", () => {
    const config = configOf(load({ devDir: "/w/dev", env: { PERSYS_PROCESS_ROOT: "/srv/p" } }));

    expect(config).toMatchObject({
      devDir: "/w/dev",
      statePath: "/w/dev/state",
      tokenFile: "/w/dev/token",
      processRoot: "/srv/p",
    });
  });

  it("warns of a variable that is none, and says which may have been meant", () => {
    const { warnings } = load({ env: { PERSYS_HTTP_PROT: "1", PERSYS_XYZZY: "1", HOME: "/" } });

    expect(warnings).toEqual([
      "PERSYS_HTTP_PROT is not a setting and has no effect; did you mean PERSYS_HTTP_PORT?",
      "PERSYS_XYZZY is not a setting and has no effect",
    ]);
  });

  it("warns of a key of the file that is none", () => {
    const file = { path: "f.yaml", settings: { http_prot: 1 } };

    expect(load({ file }).warnings).toEqual([
      "http_prot in f.yaml is not a setting and has no effect; did you mean http_port?",
    ]);
  });

  it("warns of a setting whose part is not there, without showing its value", () => {
    const env = { PERSYS_VAULT_TOKEN: "s3cret", PERSYS_GC_ENABLED: "true" };

    const { warnings } = load({ env });

    expect(warnings).toEqual([
      "PERSYS_VAULT_TOKEN has no effect: this version comes without Vault",
      "PERSYS_GC_ENABLED has no effect: this version comes without garbage collection",
    ]);
  });

  it("keeps everything else out of the folder of images, which is for everybody", () => {
    const folders = {
      PERSYS_VM_IMAGE_DIR: "/srv/vm/",
      PERSYS_VM_DISK_DIR: "/srv/vm",
      PERSYS_VM_ROOT: "/srv/vm/root",
    };

    expect(problemsOf(load({ env: folders }))).toEqual([
      expect.stringMatching(/^PERSYS_VM_IMAGE_DIR .* PERSYS_VM_DISK_DIR names/),
      expect.stringMatching(/^PERSYS_VM_IMAGE_DIR .* PERSYS_VM_ROOT names/),
    ]);
    expect(problemsOf(load({ env: { ...folders, PERSYS_VM_ENABLED: "false" } }))).toEqual([]);
    const apart = { PERSYS_VM_IMAGE_DIR: "/srv/vm/images", PERSYS_VM_DISK_DIR: "/srv/vm" };
    expect(problemsOf(load({ env: apart }))).toEqual([]);
  });

  it("does not warn of a part that is not there and switched off", () => {
    expect(load({ env: { PERSYS_VAULT_ENABLED: "false" } }).warnings).toEqual([]);
  });

  it("knows no setting both as present and as one to come", () => {
    expect(configRows.filter(({ option }) => laterOptions.has(option.key))).toEqual([]);
  });

  it("has one name for one thing: no key, flag or variable occurs twice", () => {
    const all = configRows.flatMap(({ option }) => [flagOf(option), option.key, ...option.env]);

    expect(new Set(all).size).toBe(all.length);
  });
});
