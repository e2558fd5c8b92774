import { containerSpecOf, parseContainerSpec } from "@persys/core";
import {
  array,
  assert as check,
  boolean,
  constantFrom,
  dictionary,
  integer,
  option,
  property,
  record,
  string,
  uniqueArray,
} from "fast-check";
import { describe, expect, it } from "vitest";
import {
  anonymousVolumePaths,
  type CreateInput,
  createOptionsOf,
} from "../../src/docker/container-create.ts";
import type { ImageReport } from "../../src/docker/docker-reports.ts";
import { targetOf } from "../support/runtime-calls.ts";

const image: ImageReport = {
  Id: "sha256:1",
  RepoTags: [],
  RepoDigests: [],
  Config: { Labels: {}, Volumes: ["/data", "/more"] },
};

const word = string({ unit: "grapheme-ascii", maxLength: 8 });
const name = string({
  unit: constantFrom("a", "B", "0", "_", "-", "."),
  minLength: 1,
  maxLength: 8,
}).map((one) => `k${one}`);
const path = constantFrom("/data", "/more", "/a", "/a/b", "/c d", "/ü");
const optionally = { nil: undefined } as const;

/** Valid specs, but for ports that are in each other's way. */
const specs = record({
  command: array(word, { maxLength: 3 }),
  args: array(word, { maxLength: 3 }),
  env: dictionary(name, word, { maxKeys: 4 }),
  labels: dictionary(name, word, { maxKeys: 4 }),
  mounts: uniqueArray(
    record({ containerPath: path, kind: constantFrom("bind", "tmpfs"), readOnly: boolean() }),
    { selector: (one) => one.containerPath, maxLength: 4 },
  ),
  ports: uniqueArray(
    record({
      containerPort: integer({ min: 1, max: 3 }),
      hostPort: integer({ min: 0, max: 65_535 }),
      protocol: constantFrom("tcp", "udp", ""),
    }),
    { selector: (one) => one.hostPort, maxLength: 5 },
  ),
  stopGraceSeconds: option(integer({ min: 0, max: 3_600 }), optionally),
  cpuMillicores: option(integer({ min: 10, max: 1_024_000 }), optionally),
}).map(({ mounts, cpuMillicores, ...rest }) => ({
  image: "web",
  ...rest,
  volumes: mounts
    .filter((one) => one.kind === "bind")
    .map(({ containerPath, readOnly }) => ({
      containerPath,
      readOnly,
      hostPath: `/h${containerPath}`,
    })),
  tmpfs: mounts
    .filter((one) => one.kind === "tmpfs")
    .map(({ containerPath }) => ({ containerPath })),
  resources: cpuMillicores === undefined ? {} : { cpuMillicores },
}));

describe("what an engine is asked for", () => {
  it("takes a volume that the image declares with a slash at its end for the same path", () => {
    const slashes = { ...image, Config: { Labels: {}, Volumes: ["/data/", "/data", "/more/"] } };

    expect(anonymousVolumePaths({ image: "web:1" }, slashes)).toEqual(["/data", "/more"]);
    const tmpfs = [{ containerPath: "/data" }];
    expect(anonymousVolumePaths({ image: "web:1", tmpfs }, slashes)).toEqual(["/more"]);
  });

  it("is what the spec says, each thing once, whatever it says", () => {
    check(
      property(specs, (sent) => {
        const { options, spec } = optionsFor(sent);
        const { HostConfig: host = {} } = options;
        expect(options.Cmd ?? []).toEqual([...sent.command, ...sent.args]);
        expect(options.Env).toEqual(Object.entries(sent.env).map(([key, one]) => `${key}=${one}`));
        expect(options.Labels).toMatchObject(sent.labels);
        const bound: Readonly<Record<string, readonly { HostPort: string }[]>> =
          host.PortBindings ?? {};
        const bindings = Object.entries(bound).flatMap(([port, all]) =>
          all.map((one) => `${port} ${one.HostPort || 0}`),
        );
        expect(bindings.toSorted()).toEqual(
          sent.ports
            .map((one) => `${one.containerPort}/${one.protocol || "tcp"} ${one.hostPort}`)
            .toSorted(),
        );
        expect(Object.keys(options.ExposedPorts ?? {}).toSorted()).toEqual(
          Object.keys(bound).toSorted(),
        );
        expect(Object.keys(host.Tmpfs ?? {})).toEqual(sent.tmpfs.map((one) => one.containerPath));
        const places = [
          ...(host.Mounts ?? []).map((one) => one.Target),
          ...Object.keys(host.Tmpfs ?? {}),
        ];
        expect(new Set(places).size).toBe(places.length);
        expect(places).toEqual(expect.arrayContaining(["/data", "/more"]));
        expect(anonymousVolumePaths(spec, image)).toEqual(
          ["/data", "/more"].filter(
            (one) =>
              ![...sent.volumes, ...sent.tmpfs].some(({ containerPath }) => containerPath === one),
          ),
        );
        expect(host.NanoCpus).toBe((spec.resources?.cpuMillicores ?? 0) * 1_000_000);
      }),
    );
  });

  it("has our labels, whatever the spec's", () => {
    const { options } = optionsFor({ image: "web", labels: { app: "x" } });
    expect(options.Labels).toMatchObject({
      app: "x",
      "persys.managed": "true",
      "persys.sequence": "7",
      "persys.instance": "abc",
    });
  });

  it("has the volumes of the container before, and new ones where there were none", () => {
    const { options } = optionsFor({ image: "web" }, { volumes: new Map([["/data", "v1"]]) });
    expect(options.HostConfig?.Mounts).toMatchObject([
      { Type: "volume", Source: "v1", Target: "/data" },
      { Type: "volume", Source: "", Target: "/more" },
    ]);
  });
});

function optionsFor(
  sent: unknown,
  more: Partial<CreateInput> = {},
): {
  readonly options: ReturnType<typeof createOptionsOf>;
  readonly spec: CreateInput["spec"];
} {
  const parsed = parseContainerSpec(sent);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  const spec = containerSpecOf(parsed.value.spec);
  if (spec === undefined) throw new Error("a spec that was accepted is none");
  const options = createOptionsOf({
    target: targetOf("web", parsed.value.spec),
    spec,
    nodeId: "node",
    making: { sequence: 7, instance: "abc", configuration: "" },
    image,
    imageName: "web",
    volumes: new Map(),
    ...more,
  });
  return { options, spec };
}
