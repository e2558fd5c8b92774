import type { Violation } from "@persys/core";
import type { z } from "zod";
import { baseImageSchema, type DiskSpec, isCdrom, sha256Schema } from "./vm-spec-disks.ts";

/** The image that a machine's system comes from: a shorter way to say what its first disk is made from. */
export interface OsImageSpec {
  /** As `baseImage` of the first disk that is no cdrom; without such a disk there is one of the image's size. */
  readonly osImage?: string | undefined;
  /** As `baseImageSha256` of that disk. */
  readonly osImageSha256?: string | undefined;
}

/** The members of {@link OsImageSpec}. */
export const osImageMembers: {
  readonly osImage: z.ZodType<OsImageSpec["osImage"]>;
  readonly osImageSha256: z.ZodType<OsImageSpec["osImageSha256"]>;
} = { osImage: baseImageSchema.optional(), osImageSha256: sha256Schema.optional() };

/** The rules between these members and the disks, which hold also where single members break theirs. */
export function osImageFaults(spec: unknown): readonly Violation[] {
  if (!isMap(spec)) return [];
  const { osImage, osImageSha256, disks } = spec;
  if (!isFilled(osImage))
    return isFilled(osImageSha256)
      ? [{ path: ["osImageSha256"], rule: "says nothing without an `osImage`" }]
      : [];
  const first = (Array.isArray(disks) ? disks : []).filter(isMap).find((it) => !isCdromLike(it));
  return isFilled(first?.["baseImage"])
    ? [
        {
          path: ["osImage"],
          rule: "must be left out where the first disk has a `baseImage`: they say the same",
        },
      ]
    : [];
}

/** The disks with what `osImage` says of the first. */
export function disksWithOsImage(
  disks: readonly DiskSpec[] | undefined,
  { osImage = "", osImageSha256 = "" }: OsImageSpec,
): readonly DiskSpec[] | undefined {
  if (osImage === "") return disks;
  const made = {
    baseImage: osImage,
    ...(osImageSha256 === "" ? {} : { baseImageSha256: osImageSha256 }),
  };
  const at = disks?.findIndex((it) => !isCdrom(it)) ?? -1;
  if (disks === undefined || at < 0) return [made, ...(disks ?? [])];
  return disks.map((it, position) => (position === at ? { ...it, ...made } : it));
}

function isCdromLike({ type, format }: Readonly<Record<string, unknown>>): boolean {
  return type === "cdrom" || (!isFilled(type) && format === "iso");
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFilled(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
