import { describe, expect, it } from "vitest";
import { projectDemands } from "../../src/compose/project-demands.ts";
import { refusedAsks } from "../../src/compose/refused-asks.ts";
import { resolvedProject } from "../../src/compose/resolved-project.ts";

function resolved(file: object): ReturnType<typeof resolvedProject> {
  return resolvedProject(JSON.stringify(file), []);
}

function service(members: object): ReturnType<typeof resolvedProject> {
  return resolved({ services: { web: { image: "web:1", ...members } } });
}

function refusals(project: ReturnType<typeof resolvedProject>): readonly string[] {
  return refusedAsks(project).map((one) => one.path.join("."));
}

const context = {
  endpoint: { url: "unix:///run/test.sock" },
  protectedPaths: [],
  dataFolder: async (): Promise<string> => "/var/lib/docker",
};

describe("refusedAsks", () => {
  it.each([
    ["security_opt", { security_opt: ["seccomp=unconfined"] }],
    ["security_opt", { security_opt: ["no-new-privileges:false"] }],
    ["network_mode", { network_mode: "container:other" }],
    ["network_mode", { network_mode: "other_default" }],
    ["network_mode", { network_mode: "service:other" }],
    ["network_mode", { network_mode: "Host" }],
    ["pid", { pid: "container:other" }],
    ["pid", { pid: "service:other" }],
    ["ipc", { ipc: "container:other" }],
    ["ipc", { ipc: "other" }],
    ["uts", { uts: "service:web" }],
    ["cgroup", { cgroup: "other" }],
    ["userns_mode", { userns_mode: "remapped" }],
    ["networks", { networks: { net: { driver_opts: { any: "x" } } } }],
    ["logging", { logging: { driver: "syslog" } }],
    ["ports", { ports: [{ target: 80, published: "http" }] }],
    ["volumes.0", { volumes: ["/proc/sys/kernel/data:/data:rw"] }],
    [
      "volumes.1",
      { volumes: ["/a", { type: "bind", source: "/proc/sys/kernel", target: "/data" }] },
    ],
  ])("finds %s", (field, members) => {
    expect(refusals(service(members))).toEqual([`composeYaml.services.web.${field}`]);
  });

  it.each([
    ["volumes.data.external", { volumes: { data: { external: true } } }],
    ["volumes.data.external", { volumes: { data: { external: { name: "x" } } } }],
    ["volumes.data.driver", { volumes: { data: { driver: "nfs" } } }],
    [
      "volumes.data.driver_opts",
      { volumes: { data: { driver_opts: { type: "nfs", device: ":/x" } } } },
    ],
    ["networks.net.external", { networks: { net: { external: true } } }],
    ["networks.net.driver", { networks: { net: { driver: "host" } } }],
    [
      "networks.net.driver_opts",
      { networks: { net: { driver_opts: { "com.docker.network.bridge.name": "br0" } } } },
    ],
    ["networks.net.ipam", { networks: { net: { ipam: { config: [{ subnet: "10.0.0.0/8" }] } } } }],
    ["networks.net.ipam", { networks: { net: { ipam: { driver: "other" } } } }],
    ["networks.net.ipam", { networks: { net: { ipam: { options: { any: "x" } } } } }],
    ["networks.net.ipam", { networks: { net: { ipam: [] } } }],
    ["secrets.key.file", { secrets: { key: { file: "/etc/shadow" } } }],
    ["configs.key.external", { configs: { key: { external: true } } }],
  ])("finds %s", (field, parts) => {
    expect(refusals(resolved({ services: {}, ...parts }))).toEqual([`composeYaml.${field}`]);
  });

  it("finds fields that are not known, should the command have made any", () => {
    expect(refusals(service({ use_api_socket: true, "x-note": 1, build: null }))).toEqual([
      "composeYaml.services.web.use_api_socket",
    ]);
  });

  it("finds ranges of ports that come to more than there are", () => {
    const port = { target: 80, published: "1-65535" };
    expect(refusals(service({ ports: [port] }))).toEqual([]);
    expect(refusals(service({ ports: [port, "1000-2000:80/udp"] }))).toEqual([
      "composeYaml.services.web.ports",
    ]);
  });

  it("names a service that has dots in its name", async () => {
    const web = { image: "web:1", privileged: true, volumes: ["/proc/sys/kernel/a:/b"] };
    const project = resolved({ services: { "web.1": web } });
    expect(refusedAsks(project).map((one) => one.path)).toEqual([
      ["composeYaml", "services", "web.1", "volumes", 0],
    ]);
    const { privileged } = await projectDemands(project, context);
    expect(privileged).toEqual([{ field: 'composeYaml.services["web.1"].privileged' }]);
  });

  it("leaves namespaces of the host to the policy", () => {
    const fields = ["network_mode", "pid", "ipc", "uts", "cgroup", "userns_mode"];
    const members = Object.fromEntries(fields.map((field) => [field, "host"]));
    expect(refusals(service(members))).toEqual([]);
  });

  it("lets pass what confines, and what is the project's own", () => {
    const file = {
      services: {
        web: {
          image: "web:1",
          security_opt: ["no-new-privileges:true"],
          network_mode: "service:web",
          ipc: "shareable",
          pid: "",
          cgroup: "private",
          logging: { driver: "json-file" },
          volumes: [
            { type: "volume", source: "data", target: "/data" },
            "data:/more:rw",
            "/anonymous",
          ],
        },
      },
      volumes: { data: { name: "x_data", labels: {} } },
      networks: {
        default: { name: "x_default", ipam: {} },
        net: {
          driver_opts: { "com.docker.network.driver.mtu": "1400" },
          ipam: { driver: "default", config: [] },
        },
      },
    };
    expect(refusals(resolved(file))).toEqual([]);
  });
});

describe("projectDemands", () => {
  it.each([
    ["the second generation", '{"type":"bind","source":"/srv/a$$b","target":"/x"}', "json"],
    ["the first generation", "/srv/a$b:/x:rw", "yaml"],
    ["the first generation, of two", "/srv/a$$b:/x:rw", "yaml", "/srv/a$$b"],
  ])("tells paths with a dollar as %s mounts them", async (_, mount, form, path = "/srv/a$b") => {
    const output =
      form === "json"
        ? `{"services":{"web":{"image":"web:1","volumes":[${mount}],"labels":{"a$$b":"x$$$$y"}}}}`
        : `services:\n  web:\n    image: web:1\n    labels: { a$$b: x$$$$y }\n    volumes:\n    - ${mount}\n`;
    const project = resolvedProject(output, []);
    expect(project.services[0]?.members["labels"]).toEqual({ a$b: "x$$y" });
    const { hostPaths } = await projectDemands(project, context);
    expect(hostPaths.map((one) => one.written)).toEqual([path]);
  });

  it("tells of every service what it asks of the host, by service and field", async () => {
    const demands = await projectDemands(
      service({
        privileged: true,
        cap_add: ["NET_ADMIN"],
        pid: "host",
        network_mode: "host",
        devices: [{ source: "/dev/fuse", target: "/dev/fuse" }, "/dev/kvm:/dev/kvm:rwm"],
        scale: 2,
        deploy: { resources: { limits: { cpus: "0.5", memory: "64M" } } },
      }),
      context,
    );
    expect(demands).toMatchObject({
      cpuMillicores: 1000,
      memoryBytes: 134_217_728,
      privileged: [{ field: "composeYaml.services.web.privileged" }],
      capabilities: [{ name: "NET_ADMIN", field: "composeYaml.services.web.cap_add" }],
      devices: [{ path: "/dev/fuse" }, { path: "/dev/kvm" }],
      images: [{ reference: "web:1", registry: "docker.io", isPinned: false }],
    });
    expect(demands.hostNamespaces?.map((one) => one.namespace)).toEqual(["network", "pid"]);
  });

  it("tells paths of the host, in both forms of a mount and behind a local volume", async () => {
    const { hostPaths } = await projectDemands(
      resolved({
        services: {
          web: {
            image: "web:1",
            volumes: [
              "/var/run/docker.sock:/s:ro",
              { type: "bind", source: "/etc/../srv", target: "/x" },
              "data:/data",
            ],
          },
        },
        volumes: { data: { driver_opts: { type: "none", o: "bind", device: "/home" } } },
      }),
      context,
    );
    expect(hostPaths.map((one) => [one.written, one.readOnly])).toEqual([
      ["/var/run/docker.sock", true],
      ["/etc/../srv", false],
      ["/home", false],
    ]);
    expect(hostPaths[1]?.path).toBe("/srv");
    expect(hostPaths[2]?.field).toBe("composeYaml.volumes.data.driver_opts.device");
  });

  it.each([
    ["127.0.0.1:8080:80/tcp", [["127.0.0.1", 8080, "tcp"]]],
    ["127.0.0.1::80", [["127.0.0.1", 0, "tcp"]]],
    ["[::1]:53:53/udp", [["::1", 53, "udp"]]],
    ["80", [["", 0, "tcp"]]],
    ["8080:80/tcp", [["", 8080, "tcp"]]],
    [
      "8080-8082:80-82",
      [
        ["", 8080, "tcp"],
        ["", 8081, "tcp"],
        ["", 8082, "tcp"],
      ],
    ],
    [
      { target: 80, published: "8080", host_ip: "10.0.0.1", protocol: "udp" },
      [["10.0.0.1", 8080, "udp"]],
    ],
    [{ target: 80 }, [["", 0, "tcp"]]],
  ])("reads the port %j", async (port, expected) => {
    const { ports } = await projectDemands(service({ ports: [port] }), context);
    expect(ports?.map((one) => [one.hostIp, one.hostPort, one.protocol])).toEqual(expected);
  });
});
