import {
  type Json,
  type Parsed,
  type ParsedSpec,
  restartPolicy,
  restartPolicyNames,
  violationsOf,
} from "@persys/core";
import { z } from "zod";
import { isVmSecret } from "./redact-vm-spec.ts";
import { type CloudInitSpec, cloudInitMembers, userDataTwice } from "./vm-spec-cloud-init.ts";
import { type DiskSpec, disksSchema } from "./vm-spec-disks.ts";
import { type NetworkSpec, networksSchema } from "./vm-spec-networks.ts";
import { headroomFaults, headroomMembers, type HeadroomSpec } from "./vm-spec-headroom.ts";
import { oneLine, withoutEmpty } from "./vm-spec-members.ts";
import {
  disksWithOsImage,
  osImageFaults,
  osImageMembers,
  type OsImageSpec,
} from "./vm-spec-os-image.ts";

/** A virtual machine, as a user asks for it. What is left out has the default named here; none is filled in. */
export interface VmSpec extends CloudInitSpec, HeadroomSpec, OsImageSpec {
  /** A title for people; the machine's own name is the workload's id. */
  readonly name?: string | undefined;
  /** Virtual processors, 1 to 512. */
  readonly vcpus: number;
  /** Memory in MiB, at least 16. */
  readonly memoryMb: number;
  readonly disks?: readonly DiskSpec[] | undefined;
  /** Default: none. */
  readonly networks?: readonly NetworkSpec[] | undefined;
  /** Default `bios`. */
  readonly firmware?: (typeof firmwares)[number] | undefined;
  /** A screen on the loopback address of the host. Default: none. */
  readonly vnc?: { readonly password: string } | undefined;
  /** Flat facts that go with it. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** When the engine runs it again. Default `always`. */
  readonly restartPolicy?:
    | {
        readonly policy?: (typeof restartPolicyNames)[number] | undefined;
        readonly maxRetryCount?: number | undefined;
      }
    | undefined;
  /** How long the guest may take to shut down before it is forced, 0 to 3600. Default 60. */
  readonly stopGraceSeconds?: number | undefined;
  /** For filters. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

const firmwares = ["", "bios", "uefi"] as const;

/** A guest takes longer to shut down than a program. */
const stopGraceSecondsDefault = 60;
/** The most that any machine type of QEMU has. */
const vcpusMax = 512;
/** Less does not hold a kernel. */
const memoryMbMin = 16;
const memoryMbMax = 16_777_216;

const facts = (charsMax: number): z.ZodType<Readonly<Record<string, string>>> =>
  z.record(oneLine(256).min(1), z.string().max(charsMax));

const schema: z.ZodType<VmSpec> = z.strictObject({
  ...cloudInitMembers,
  ...osImageMembers,
  ...headroomMembers({ vcpus: vcpusMax, memoryMb: memoryMbMax }),
  name: oneLine(255).optional(),
  vcpus: z.int().min(1).max(vcpusMax),
  memoryMb: z.int().min(memoryMbMin).max(memoryMbMax),
  disks: disksSchema.optional(),
  networks: networksSchema.optional(),
  firmware: z.enum(firmwares).optional(),
  // QEMU takes the first eight characters of a password only: more would promise more than is kept.
  vnc: z.strictObject({ password: oneLine(8).min(6) }).optional(),
  metadata: facts(4_096).optional(),
  restartPolicy: z
    .strictObject({
      policy: z.enum(restartPolicyNames).optional(),
      maxRetryCount: z.int().min(0).max(1_000_000).optional(),
    })
    .optional(),
  stopGraceSeconds: z.int().min(0).max(3_600).optional(),
  labels: facts(4_096).optional(),
  managedVolumes: z
    .array(z.unknown())
    .refine((it) => it.length === 0, { error: "is not supported yet: use disks" })
    .optional(),
});

/** The VM spec in `input`, or every rule it breaks, unknown keys included. What may be secret appears in no violation. */
export function parseVmSpec(input: unknown): Parsed<ParsedSpec> {
  const parsed = schema.safeParse(input);
  const violations = [
    ...violationsOf(parsed.error?.issues ?? [], input, { isSecret: isVmSecret }),
    ...userDataTwice(input),
    ...osImageFaults(input),
    ...headroomFaults(input),
  ];
  if (!parsed.success || violations.length > 0) return { ok: false, violations };
  const { restartPolicy: restart, stopGraceSeconds, labels } = parsed.data;
  return {
    ok: true,
    value: {
      spec: withoutEmpty(input),
      restart: restartPolicy(restart?.policy ?? "", restart?.maxRetryCount ?? 0),
      stopGraceMs: (stopGraceSeconds ?? stopGraceSecondsDefault) * 1_000,
      labels: labels ?? {},
    },
  };
}

/**
 * A spec that {@link parseVmSpec} accepted before, typed again, with what `osImage` stands for among its disks. Undefined when it does not follow the
 * rules.
 */
export function vmSpecOf(spec: Json): VmSpec | undefined {
  const typed = schema.safeParse(spec).data;
  if (typed === undefined) return undefined;
  const disks = disksWithOsImage(typed.disks, typed);
  return disks === undefined ? typed : { ...typed, disks };
}
