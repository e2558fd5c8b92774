import { z } from "zod";
import { hostPath, oneLine } from "./vm-spec-members.ts";

/** A disk of a machine. */
export interface DiskSpec {
  /** Where it is on the host. Default: in the node's folder of disks or its pool, named by workload and device. */
  readonly path?: string | undefined;
  /** The pool of libvirt's storage that it is made in. Default: none. */
  readonly pool?: string | undefined;
  /** Its name in the machine: `vda` for a disk of virtio, `sda` for one of SATA. Default: the next free one. */
  readonly device?: string | undefined;
  /** Default: `qcow2` for a disk, `raw` for a cdrom, which `iso` is another word for. */
  readonly format?: (typeof formats)[number] | undefined;
  /** In GiB. A disk that is not there is made of this size; one that is smaller grows, and none shrinks. */
  readonly sizeGb?: number | undefined;
  /** Default: `cdrom` for the format `iso`, else `disk`. */
  readonly type?: (typeof types)[number] | undefined;
  /** Whether the machine boots from it, in the order of the disks. Default: from all in their order, disks before cdroms. */
  readonly boot?: boolean | undefined;
  /** What a disk that is not there is made from: a file on the host, or a name in the node's folder of images. */
  readonly baseImage?: string | undefined;
  /** The SHA-256 of the base image, in hexadecimal. */
  readonly baseImageSha256?: string | undefined;
  /** Whether the base image is copied. Default false: it stays under the disk, and must not change. */
  readonly copyBaseImage?: boolean | undefined;
  /** What becomes of a disk that was made for the workload, when that is deleted. Default `Delete`. */
  readonly retainPolicy?: (typeof retainPolicies)[number] | undefined;
}

const formats = ["", "qcow2", "raw", "iso"] as const;
const types = ["", "disk", "cdrom"] as const;
const retainPolicies = ["", "Delete", "Retain"] as const;
/** 16 TiB: the most of ext4, on which images mostly are. */
const sizeGbMax = 16_384;
/** What q35 has room for without bridges of its own. */
const disksMax = 24;

/** What disks are made from. */
export const baseImageSchema: z.ZodType<string> = z.union(
  [hostPath, z.string().regex(/^[A-Za-z0-9][\w.-]{0,254}$/)],
  { error: "must be an absolute path, or the name of a file in the folder of images" },
);

/** A checksum in hexadecimal, or none. */
export const sha256Schema: z.ZodType<string> = z
  .string()
  .regex(/^$|^[0-9a-f]{64}$/, { error: "must be 64 hexadecimal digits in lower case" });

const diskSchema: z.ZodType<DiskSpec> = z
  .strictObject({
    path: hostPath.optional(),
    pool: oneLine(255)
      .refine((it) => !it.includes("/"), { error: "must not contain `/`" })
      .optional(),
    device: z
      .string()
      .regex(/^$|^(?:vd|sd)[a-z]{1,2}$/, { error: "must be such as `vda` or `sda`" })
      .optional(),
    format: z.enum(formats).optional(),
    sizeGb: z.int().min(0).max(sizeGbMax).optional(),
    type: z.enum(types).optional(),
    boot: z.boolean().optional(),
    baseImage: baseImageSchema.optional(),
    baseImageSha256: sha256Schema.optional(),
    copyBaseImage: z.boolean().optional(),
    retainPolicy: z.enum(retainPolicies).optional(),
  })
  .superRefine((it, context) => {
    for (const [member, message] of isCdrom(it) ? brokenOfCdrom(it) : brokenOfDisk(it))
      context.addIssue({ code: "custom", path: [member], message });
  });

type Broken = readonly (readonly [member: keyof DiskSpec, rule: string])[];

function brokenOfDisk({ type, format, baseImage = "", path = "", ...disk }: DiskSpec): Broken {
  const checks = ["baseImageSha256", "copyBaseImage"] as const;
  return [
    ...(type === "disk" && format === "iso"
      ? [["type", "must be `cdrom` for the format `iso`"] as const]
      : []),
    ...(path !== "" && (disk.pool ?? "") !== ""
      ? [
          [
            "pool",
            "must be left out where there is a `path`, which says where the disk is",
          ] as const,
        ]
      : []),
    ...checks
      .filter((member) => baseImage === "" && Boolean(disk[member]))
      .map((member) => [member, "says nothing without a `baseImage`"] as const),
  ];
}

function brokenOfCdrom(cdrom: DiskSpec): Broken {
  const useless = [
    "pool",
    "sizeGb",
    "baseImage",
    "baseImageSha256",
    "copyBaseImage",
    "retainPolicy",
  ] as const;
  return [
    ...(cdrom.device?.startsWith("vd") === true
      ? [["device", "must be such as `sda` for a cdrom: virtio has none"] as const]
      : []),
    ...((cdrom.path ?? "") === "" ? [["path", "is required: a cdrom is never made"] as const] : []),
    ...useless
      .filter((member) => Boolean(cdrom[member]))
      .map(
        (member) =>
          [member, "must be left out for a cdrom: it is neither made nor changed"] as const,
      ),
  ];
}

/** The disks of a machine, no two of one name or path. */
export const disksSchema: z.ZodType<readonly DiskSpec[]> = z
  .array(diskSchema)
  .max(disksMax)
  .superRefine((disks, context) => {
    for (const member of ["device", "path"] as const) {
      const seen = new Set<string>();
      for (const [at, { [member]: value = "" }] of disks.entries()) {
        if (value !== "" && seen.has(value))
          context.addIssue({
            code: "custom",
            path: [at, member],
            message: "is that of another disk",
          });
        seen.add(value);
      }
    }
  });

/** Whether a disk is a cdrom, by its type or else its format. */
export function isCdrom({ type = "", format = "" }: DiskSpec): boolean {
  return type === "cdrom" || (type === "" && format === "iso");
}
