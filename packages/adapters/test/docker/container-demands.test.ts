import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  containerSpecOf,
  type Demands,
  hostPolicyOf,
  type Json,
  safeHostPolicyRules,
} from "@persys/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { demandsOf } from "../../src/docker/container-demands.ts";

/** Demands as a runtime of containers states them. */
class Stated {
  readonly type = "container";
  readonly #endpoint: string;
  readonly #dataFolder: string;

  constructor({ endpoint = "unix:///nowhere/engine.sock", dataFolder = "/var/lib/docker" } = {}) {
    this.#endpoint = endpoint;
    this.#dataFolder = dataFolder;
  }

  demands(spec: Json): Promise<Demands> {
    const parsed = containerSpecOf(spec);
    if (parsed === undefined) throw new Error("no spec of a container");
    return demandsOf(parsed, {
      endpoint: { url: this.#endpoint },
      protectedPaths: [],
      dataFolder: async () => this.#dataFolder,
    });
  }
}

function folder(): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), "persys-demands-")));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The rules that deny a spec on a node that allows `allowed`. */
async function denied(runtime: Stated, spec: Json, allowed: string): Promise<readonly string[]> {
  const policy = hostPolicyOf({
    ...safeHostPolicyRules,
    allowedHostPaths: [{ path: allowed, readOnly: false }],
    protectedPaths: [...safeHostPolicyRules.protectedPaths, join(allowed, "engine.sock")],
  });
  const demands = await runtime.demands(spec);
  return policy.judge(demands, runtime.type).map(({ rule }) => rule);
}

function mounting(hostPath: string): Json {
  return { image: "busybox", volumes: [{ hostPath, containerPath: "/in" }] };
}

describe("demands of a container", () => {
  it("are all stated, each with its place in the spec", async () => {
    const root = folder();
    mkdirSync(join(root, "real"));
    symlinkSync("real", join(root, "link"));
    const runtime = new Stated();

    const demands = await runtime.demands({
      image: `registry.example:5000/team/app:1@sha256:${"a".repeat(64)}`,
      privileged: true,
      user: "app",
      network: "host",
      volumes: [
        { hostPath: `${root}//link/./x/../y`, containerPath: "/y", readOnly: true },
        { hostPath: root, containerPath: "/all" },
      ],
      resources: { cpuMillicores: 100, memoryBytes: 8_388_608 },
    });

    expect(demands).toEqual({
      cpuMillicores: 100,
      memoryBytes: 8_388_608,
      user: "app",
      privileged: [{ field: "privileged" }],
      hostNamespaces: [{ namespace: "network", field: "network" }],
      hostPaths: [
        {
          field: "volumes[0].hostPath",
          written: `${root}//link/./x/../y`,
          path: join(root, "real/y"),
          links: [join(root, "link")],
          aliases: [],
          readOnly: true,
        },
        {
          field: "volumes[1].hostPath",
          written: root,
          path: root,
          links: [],
          aliases: [],
          readOnly: false,
        },
      ],
      ports: [],
      images: [
        {
          reference: `registry.example:5000/team/app:1@sha256:${"a".repeat(64)}`,
          registry: "registry.example:5000",
          repository: "team/app",
          isPinned: true,
          field: "image",
        },
      ],
    });
  });

  it("name every published port as it is asked for", async () => {
    const runtime = new Stated();
    const ports = [
      { containerPort: 80 },
      { containerPort: 53, hostPort: 5353, protocol: "udp", hostIp: "::1" },
    ];

    const demands = await runtime.demands({ image: "busybox", ports });

    expect(demands.ports).toEqual([
      { hostIp: "", hostPort: 0, protocol: "tcp", field: "ports[0]" },
      { hostIp: "::1", hostPort: 5353, protocol: "udp", field: "ports[1]" },
    ]);
    expect(demands.images?.[0]).toMatchObject({
      registry: "docker.io",
      repository: "library/busybox",
      isPinned: false,
    });
  });

  it("of an engine elsewhere say that its paths cannot be looked at here", async () => {
    const runtime = new Stated({ endpoint: "tcp://127.0.0.1:2375" });

    const { hostPaths } = await runtime.demands(mounting("/etc/../srv/data/"));

    expect(hostPaths).toEqual([
      {
        field: "volumes[0].hostPath",
        written: "/etc/../srv/data/",
        path: "/srv/data",
        readOnly: false,
        elsewhere: true,
        aliases: [],
      },
    ]);
    expect(await denied(runtime, mounting("/srv/data/x"), "/srv/data")).toEqual([
      "host-path-elsewhere",
    ]);
  });

  it("let no link lead out of what is allowed", async () => {
    const root = folder();
    const outside = folder();
    mkdirSync(join(root, "own"));
    symlinkSync("/etc", join(root, "etc"));
    symlinkSync("/", join(root, "root"));
    symlinkSync("/proc/self/root", join(root, "own/proc"));
    symlinkSync(outside, join(root, "outside"));
    symlinkSync("own", join(root, "inside"));
    const runtime = new Stated({ endpoint: `unix://${root}/engine.sock` });

    const answers = Object.fromEntries(
      await Promise.all(
        [
          "own",
          "inside",
          "etc",
          "root",
          "own/proc",
          "own/proc/srv",
          "outside",
          "etc/not/there",
        ].map(
          async (name) => [name, await denied(runtime, mounting(join(root, name)), root)] as const,
        ),
      ),
    );

    expect(answers).toEqual({
      own: [],
      inside: [],
      etc: ["host-path-protected"],
      root: ["host-path-protected"],
      "own/proc": ["host-path-protected"],
      "own/proc/srv": ["host-path-protected"],
      outside: ["host-path"],
      "etc/not/there": ["host-path-protected"],
    });
  });

  it("name the engine's data by their usual name, wherever they are", async () => {
    const root = folder();
    const data = join(root, "engine");
    mkdirSync(join(data, "volumes"), { recursive: true });
    mkdirSync(join(root, "beside"));
    const runtime = new Stated({ dataFolder: data });

    expect((await runtime.demands(mounting(join(data, "volumes")))).hostPaths).toMatchObject([
      { path: join(data, "volumes"), aliases: ["/var/lib/docker/volumes"] },
    ]);
    expect(await denied(runtime, mounting(data), "/")).toEqual(["host-path-protected"]);
    expect(await denied(runtime, mounting(root), "/")).toEqual(["host-path-protected"]);
    expect(await denied(runtime, mounting(join(root, "beside")), "/")).toEqual([]);
    const remote = new Stated({ endpoint: "tcp://engine", dataFolder: data });
    expect(await denied(remote, mounting(data), "/")).toEqual(["host-path-protected"]);
  });

  it("see a link that was put in the place of a folder later", async () => {
    const root = folder();
    const place = join(root, "place");
    mkdirSync(place);
    const runtime = new Stated();
    expect(await denied(runtime, mounting(place), root)).toEqual([]);

    rmSync(place, { recursive: true });
    symlinkSync("/etc", place);

    expect(await denied(runtime, mounting(place), root)).toEqual(["host-path-protected"]);
  });
});
