import type { Violation } from "@persys/core";
import { z } from "zod";
import { oneLine } from "./vm-spec-members.ts";

/** What a machine is told at its first boot. */
export interface CloudInitSpec {
  /** User-data; instead of `cloudInitConfig.userData`. */
  readonly cloudInit?: string | undefined;
  readonly cloudInitConfig?:
    | {
        /** What cloud-init is to do: `#cloud-config` and further forms. */
        readonly userData?: string | undefined;
        /** An object in JSON; `instance-id` and `local-hostname` are added where they are missing. */
        readonly metaData?: string | undefined;
        /** YAML, version 1 or 2. Default: made of `networks`. */
        readonly networkConfig?: string | undefined;
        /** As user-data, which goes before it. */
        readonly vendorData?: string | undefined;
      }
    | undefined;
  /** Somebody who may log in. Not together with user-data, which says that itself. */
  readonly credentials?: LoginCredentials | undefined;
}

/** A user of the guest. */
interface LoginCredentials {
  readonly username: string;
  /** As `mkpasswd` writes it: `$6$…`. Never a password itself. */
  readonly passwordHash?: string | undefined;
  readonly sshKeys?: readonly string[] | undefined;
}

/** Of one text. cloud-init reads far less from most clouds; a seed of all four stays small. */
const textBytesMax = 262_144;

const text = z
  .string()
  .refine((it) => Buffer.byteLength(it) <= textBytesMax, {
    error: `must have at most ${textBytesMax} bytes`,
  })
  .refine((it) => !it.includes("\0") && it.isWellFormed(), {
    error: "must be well-formed Unicode without NUL characters",
  });

/** The members of {@link CloudInitSpec}. */
export const cloudInitMembers: {
  readonly cloudInit: z.ZodType<CloudInitSpec["cloudInit"]>;
  readonly cloudInitConfig: z.ZodType<CloudInitSpec["cloudInitConfig"]>;
  readonly credentials: z.ZodType<CloudInitSpec["credentials"]>;
} = {
  cloudInit: text.optional(),
  cloudInitConfig: z
    .strictObject({
      userData: text.optional(),
      metaData: text
        .refine((it) => it === "" || isObjectInJson(it), { error: "must be an object in JSON" })
        .optional(),
      networkConfig: text.optional(),
      vendorData: text.optional(),
    })
    .optional(),
  credentials: z
    .strictObject({
      username: z
        .string()
        .regex(/^[a-z_][a-z0-9_-]{0,31}$/, { error: "must be a name of a user of Linux" }),
      passwordHash: z
        .string()
        .regex(/^$|^\$[0-9a-zA-Z]+\$[^\s:]{1,512}$/, {
          error: "must be a hash as `mkpasswd` writes it, not a password",
        })
        .optional(),
      sshKeys: z.array(oneLine(16_384).min(1)).max(64).optional(),
    })
    .optional(),
};

/** The rules between the members, which hold also where single members break theirs. */
export function userDataTwice(spec: unknown): readonly Violation[] {
  if (!isMap(spec)) return [];
  const config = isMap(spec["cloudInitConfig"]) ? spec["cloudInitConfig"] : {};
  const [short, long] = [isFilled(spec["cloudInit"]), isFilled(config["userData"])];
  const violations: Violation[] = [];
  if (short && long)
    violations.push({
      path: ["cloudInit"],
      rule: "must be left out where `cloudInitConfig.userData` is given: they say the same",
    });
  if ((short || long) && isMap(spec["credentials"]))
    violations.push({
      path: ["credentials"],
      rule: "must be left out where user-data are given: name the user there",
    });
  return violations;
}

function isObjectInJson(words: string): boolean {
  try {
    return isMap(JSON.parse(words));
  } catch {
    return false;
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFilled(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
