import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { containerSpecOf, parseContainerSpec } from "../../src/domain/container-spec.ts";
import type { Json } from "../../src/domain/json.ts";
import { specDigest } from "../../src/domain/spec-digest.ts";

describe("parseContainerSpec, of any input,", () => {
  it("tells of every member that is broken, whichever others are", () => {
    const broken: Record<string, unknown> = {
      image: 1,
      command: 1,
      args: 1,
      entrypoint: 1,
      env: 1,
      user: 1,
      workingDir: 1,
      privileged: 1,
      volumes: 1,
      tmpfs: 1,
      network: 1,
      ports: 1,
      extraHosts: 1,
      healthcheck: 1,
      resources: 1,
      restartPolicy: 1,
      stopGraceSeconds: "1",
      pullPolicy: 1,
      registryAuth: 1,
      labels: 1,
      log: 1,
      managedVolumes: 1,
    };
    fc.assert(
      fc.property(fc.subarray(Object.keys(broken)), (names) => {
        const taken = Object.fromEntries(names.map((name) => [name, broken[name]]));
        const parsed = parseContainerSpec({ image: "busybox", ...taken });
        const found = parsed.ok ? [] : parsed.violations.map((one) => one.path.join("."));
        expect(found.toSorted()).toEqual(names.toSorted());
      }),
    );
  });

  it("never throws, whatever it is given, and gives what it accepts back as it was", () => {
    const wild = fc.oneof(
      fc.anything(),
      fc.record({
        image: fc.oneof(fc.string(), fc.anything()),
        ports: fc.anything(),
        volumes: fc.anything(),
        healthcheck: fc.anything(),
      }),
      fc.record({ ports: fc.array(fc.record({ hostPort: fc.anything() })) }),
    );
    fc.assert(
      fc.property(wild, (input) => {
        const parsed = parseContainerSpec(input);
        if (!parsed.ok) {
          expect(parsed.violations.length).toBeGreaterThan(0);
          return;
        }
        expect(parseContainerSpec(parsed.value.spec)).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });

  it("parses what it gave to the same, under one digest, in whatever order its members come", () => {
    fc.assert(
      fc.property(valid, fc.func(fc.integer()), (spec, rank) => {
        const parsed = parsedSpec(spec);
        expect(parsedSpec(parsed)).toEqual(parsed);
        expect(specDigest(parsedSpec(reordered(spec, rank)))).toBe(specDigest(parsed));
        expect(containerSpecOf(parsed)).toEqual(parsed);
      }),
    );
  });
});

function parsedSpec(input: unknown): Json {
  const parsed = parseContainerSpec(input);
  if (!parsed.ok) return expect.fail(JSON.stringify(parsed.violations));
  return parsed.value.spec;
}

function reordered(value: unknown, rank: (key: string) => number): unknown {
  if (Array.isArray(value)) return value.map((one) => reordered(one, rank));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => rank(one) - rank(other))
      .map(([key, member]) => [key, reordered(member, rank)]),
  );
}

const word = fc.string({ maxLength: 8 }).filter((one) => !one.includes("\0"));
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const place = name.map((one) => `/${one}`);
const number = (min: number, max: number) => fc.constantFrom(0, min, max);

const valid = fc.record(
  {
    image: fc.tuple(fc.constantFrom("", "r:5000/", "a.b/c/"), name).map((one) => one.join("")),
    command: fc.array(word, { maxLength: 3 }),
    args: fc.array(word, { maxLength: 3 }),
    env: fc.dictionary(name, word, { maxKeys: 3 }),
    user: fc.constantFrom("", "root", "1:2"),
    workingDir: fc.oneof(fc.constant(""), place),
    privileged: fc.boolean(),
    volumes: fc.uniqueArray(
      fc.record(
        { hostPath: place, containerPath: place.map((one) => `/v${one}`), readOnly: fc.boolean() },
        { requiredKeys: ["hostPath", "containerPath"] },
      ),
      { selector: (one) => one.containerPath, maxLength: 3 },
    ),
    tmpfs: fc.uniqueArray(
      fc.record(
        { containerPath: place.map((one) => `/t${one}`), sizeBytes: number(4096, 2 ** 40) },
        { requiredKeys: ["containerPath"] },
      ),
      { selector: (one) => one.containerPath, maxLength: 3 },
    ),
    network: fc.constantFrom("", "bridge", "net"),
    ports: fc.uniqueArray(
      fc.record(
        {
          hostPort: fc.integer({ min: 0, max: 65_535 }),
          containerPort: fc.integer({ min: 1, max: 65_535 }),
          protocol: fc.constantFrom("", "tcp", "udp"),
          hostIp: fc.constantFrom("", "127.0.0.1", "::1"),
        },
        { requiredKeys: ["containerPort"] },
      ),
      { selector: (one) => one.hostPort ?? 0, maxLength: 3 },
    ),
    extraHosts: fc.dictionary(name, fc.constantFrom("host-gateway", "10.0.0.1", "::1"), {
      maxKeys: 2,
    }),
    healthcheck: fc.record(
      {
        test: fc.constantFrom([], ["NONE"], ["CMD", "true", ""], ["CMD-SHELL", "exit 1"]),
        intervalSeconds: number(1, 86_400),
        retries: number(1, 1_000),
      },
      { requiredKeys: [] },
    ),
    resources: fc.record(
      { memoryBytes: number(6_291_456, 2 ** 40), cpuMillicores: number(10, 1_000) },
      { requiredKeys: [] },
    ),
    restartPolicy: fc.record(
      { policy: fc.constantFrom("", "no", "on-failure"), maxRetryCount: fc.nat({ max: 9 }) },
      { requiredKeys: [] },
    ),
    stopGraceSeconds: fc.nat({ max: 3600 }),
    pullPolicy: fc.constantFrom("", "always", "missing", "never"),
    registryAuth: fc.oneof(fc.constant(""), name),
    labels: fc.dictionary(name, word, { maxKeys: 2 }),
    log: fc.record(
      { maxSizeBytes: number(16_384, 2 ** 40), maxFiles: number(1, 100) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ["image"] },
);
