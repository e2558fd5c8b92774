import {
  create,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { AgentError, canonicalJson } from "@persys/core";
import {
  ApplyWorkloadRequestSchema,
  ContainerSpecSchema,
  VMSpecSchema,
  WorkloadType,
} from "@persys/transports/gen";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyFromProto } from "../../src/mapping/apply-from-proto.ts";
import { subjectOf } from "../../src/mapping/call-subject.ts";
import { errorStatus } from "../../src/mapping/error-status.ts";
import { specToProto } from "../../src/mapping/spec-to-proto.ts";

type Init = MessageInitShape<typeof ApplyWorkloadRequestSchema>;

const read = (init: Init) => applyFromProto(create(ApplyWorkloadRequestSchema, init));

const readJson = (json: JsonValue) => applyFromProto(fromJson(ApplyWorkloadRequestSchema, json));

/** `field: rule` of every violation, as clients are told. */
function violationsOf(init: Init): readonly string[] {
  const message = create(ApplyWorkloadRequestSchema, init);
  const { violations } = applyFromProto(message);
  const error = new AgentError("INVALID_REQUEST", "invalid request", { violations });
  const subject = subjectOf(ApplyWorkloadRequestSchema, message);
  return (errorStatus(error, subject, "incident-1").fieldViolations ?? []).map(
    (one) => `${one.field}: ${one.description.replace(/ \(got .*\)$/, "")}`,
  );
}

const aProcess: NonNullable<Init["spec"]> = {
  spec: { case: "process", value: { command: ["x"] } },
};

describe("an apply", () => {
  it("takes its type from the spec, runs by default, and has no members that were not set", () => {
    expect(read({ id: "web", spec: aProcess })).toEqual({
      request: {
        id: "web",
        type: "process",
        revisionId: "",
        desired: "running",
        spec: { command: ["x"] },
      },
      violations: [],
    });
  });

  it("passes on what only checks and what guards", () => {
    const { request } = read({ id: "web", validateOnly: true, expectedGeneration: 0n });

    expect(request).toMatchObject({ validateOnly: true, expectedGeneration: 0 });
  });

  it("without a spec keeps that of the workload", () => {
    expect(read({ id: "web", desiredState: 2 }).request).toMatchObject({
      type: undefined,
      desired: "stopped",
      spec: undefined,
    });
    expect(read({ id: "web", type: WorkloadType.VM }).request.type).toBe("vm");
  });

  it("of a custom spec names its runtime and keeps the spec as it is", () => {
    const spec = { a: [], b: "", c: null, d: { e: 0 }, f: 1.5 };

    expect(
      readJson({ id: "l", spec: { custom: { runtime: "lamp", spec } } }).request,
    ).toMatchObject({
      type: "lamp",
      spec,
    });
  });

  it.each<[string, Init, readonly string[]]>([
    [
      "a type that contradicts the spec",
      { type: WorkloadType.VM, spec: aProcess },
      [
        "type: must agree with the spec, which is of kind process; leave it out to take it from there",
      ],
    ],
    [
      "a type that is unknown",
      { type: 77 as never },
      [
        "type: must be one of WORKLOAD_TYPE_UNSPECIFIED, WORKLOAD_TYPE_CONTAINER, WORKLOAD_TYPE_COMPOSE, WORKLOAD_TYPE_VM, WORKLOAD_TYPE_PROCESS, WORKLOAD_TYPE_CUSTOM",
      ],
    ],
    [
      "a wanted state that is not for asking",
      { desiredState: 100 },
      [
        "desired_state: must be DESIRED_STATE_RUNNING or DESIRED_STATE_STOPPED; DeleteWorkload deletes",
      ],
    ],
    [
      "a spec of no kind",
      { spec: {} },
      ["spec: must hold exactly one of container, compose, vm, process, custom"],
    ],
    [
      "a custom spec of no runtime",
      { spec: { spec: { case: "custom", value: {} } } },
      ["spec.custom.runtime: is required: the name of a registered runtime"],
    ],
    [
      "a negative generation",
      { expectedGeneration: -1n },
      ["expected_generation: must be a generation, or 0 for a new id"],
    ],
    [
      "numbers that cannot be told from their neighbours",
      { spec: { spec: { case: "process", value: { resources: { memoryBytes: 2n ** 60n } } } } },
      [
        "spec.process.resources.memory_bytes: must be between -9007199254740991 and 9007199254740991",
      ],
    ],
  ])("says what is wrong with %s", (_, init, expected) => {
    expect(violationsOf(init)).toEqual(expected);
  });

  it("says everything that is wrong at once", () => {
    expect(
      violationsOf({ type: WorkloadType.VM, desiredState: 9 as never, spec: {} }),
    ).toHaveLength(2);
  });
});

describe("a spec", () => {
  it("is the same data however it was sent", () => {
    const json = {
      spec: {
        process: {
          command: ["x", ""],
          args: [],
          env: { EMPTY: "", A: "1" },
          workingDir: "",
          resources: { memoryBytes: "5000000000", cpuShares: 0, pidsLimit: "0" },
          restartPolicy: {},
          labels: {},
          stopGraceSeconds: 0,
        },
      },
    };
    const expected = {
      command: ["x", ""],
      env: { EMPTY: "", A: "1" },
      resources: { memoryBytes: 5_000_000_000 },
    };
    const bytes = toBinary(ApplyWorkloadRequestSchema, fromJson(ApplyWorkloadRequestSchema, json));

    expect(readJson(json).request.spec).toEqual(expected);
    expect(applyFromProto(fromBinary(ApplyWorkloadRequestSchema, bytes)).request.spec).toEqual(
      expected,
    );
    expect(readJson({ spec: { process: expected } }).request.spec).toEqual(expected);
  });

  it("keeps the places of a list", () => {
    const ports = [{}, { hostPort: 80, containerPort: 8080, protocol: "tcp" }];

    expect(readJson({ spec: { container: { image: "i", ports } } }).request.spec).toEqual({
      image: "i",
      ports,
    });
  });

  it("comes back in its own form as it was", () => {
    fc.assert(
      fc.property(fc.oneof(...specs), (json) => {
        const { request } = readJson({ id: "x", spec: json });
        const shown = specToProto(request.type ?? "", (request.spec ?? {}) as never);
        const again = applyFromProto(create(ApplyWorkloadRequestSchema, { id: "x", spec: shown }));
        expect(again.violations).toEqual([]);
        expect(canonicalJson(again.request.spec as never)).toBe(
          canonicalJson(request.spec as never),
        );
        expect(again.request.type).toBe(request.type);
      }),
    );
  });

  it("that fits no message of its type is shown as a custom one", () => {
    const { spec } = specToProto("process", { command: ["x"], later: true });

    expect(spec).toMatchObject({
      case: "custom",
      value: { runtime: "process", spec: { command: ["x"], later: true } },
    });
  });

  it.each<[string, DescMessage, JsonValue]>([
    [
      "container",
      ContainerSpecSchema,
      { image: "nginx", ports: [{ hostPort: 80 }], resources: { memoryBytes: "1" } },
    ],
    ["vm", VMSpecSchema, { name: "v", memoryMb: "512", disks: [{ path: "/d", boot: true }] }],
    [
      "vm",
      VMSpecSchema,
      {
        osImage: "debian-12",
        osImageSha256: "0",
        vnc: { password: "secret" },
        credentials: { username: "ops", sshKeys: ["ssh-ed25519 A"] },
        disks: [{ baseImage: "b", baseImageSha256: "0", retainPolicy: "Retain", pool: "fast" }],
        networks: [{ gateway: "10.0.0.1", nameservers: ["10.0.0.2"] }],
      },
    ],
  ])("of a %s goes through", (kind, schema, json) => {
    const { request } = readJson({ id: "x", spec: { [kind]: json } });

    expect(request.type).toBe(kind);
    expect(toJson(schema, fromJson(schema, request.spec as JsonValue))).toEqual(json);
  });
});

const word = fc.string({ maxLength: 5 });
const map = fc.dictionary(word, word, { maxKeys: 3 });
const specs: readonly fc.Arbitrary<JsonValue>[] = [
  fc.record({
    process: fc.record(
      {
        command: fc.array(word, { maxLength: 3 }),
        env: map,
        labels: map,
        resources: fc.record(
          { memoryBytes: fc.maxSafeNat(), cpuMillicores: fc.maxSafeNat() },
          { requiredKeys: [] },
        ),
        stopGraceSeconds: fc.nat({ max: 100 }),
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({
    custom: fc.record({
      runtime: fc.constantFrom("lamp", "x"),
      spec: fc.dictionary(word, fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>, {
        maxKeys: 3,
      }),
    }),
  }),
];
