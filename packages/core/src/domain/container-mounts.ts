import { z } from "zod";
import { pathBytesMax, text, utf8Bytes } from "./spec-text.ts";

/** A path of the host inside a container. */
export interface VolumeMount {
  /** Absolute; has to exist, nothing is made for it. */
  readonly hostPath: string;
  /** Absolute and normalised, not `/`. No two mounts of a container have the same. */
  readonly containerPath: string;
  /** Default false. */
  readonly readOnly?: boolean | undefined;
}

/** A file system in memory inside a container, gone when it stops. */
export interface TmpfsMount {
  /** As that of a {@link VolumeMount}. */
  readonly containerPath: string;
  /** At least 4096; 0 or left out: the kernel's default, half of the memory of the host. */
  readonly sizeBytes?: number | undefined;
}

/** Mounts of one kind that one container may have. */
const mountsMax = 256;

/** One page: the kernel takes no smaller file system. */
const tmpfsBytesMin = 4096;

const path = text.refine((it) => utf8Bytes(it) <= pathBytesMax, {
  error: `must have at most ${pathBytesMax} bytes`,
});

const hostPath = path.refine((it) => it.startsWith("/"), {
  error: "must be an absolute path on the host",
});

const containerPath = path.refine((it) => /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/.test(it), {
  error: "must be an absolute path other than `/`, without `//`, `.`, `..` or a `/` at its end",
});

/** The schema of a list of {@link VolumeMount}. */
export const volumesSchema: z.ZodType<readonly VolumeMount[]> = z
  .array(z.strictObject({ hostPath, containerPath, readOnly: z.boolean().optional() }))
  .max(mountsMax);

/** The schema of a list of {@link TmpfsMount}. */
export const tmpfsSchema: z.ZodType<readonly TmpfsMount[]> = z
  .array(
    z.strictObject({
      containerPath,
      sizeBytes: z
        .int({ error: "must be a whole number" })
        .refine((it) => it === 0 || it >= tmpfsBytesMin, {
          error: `must be at least ${tmpfsBytesMin} bytes, or 0 for the default`,
        })
        .optional(),
    }),
  )
  .max(mountsMax);

const mounted = z.array(z.looseObject({ containerPath: z.string() })).catch([]);
const mounts = z.looseObject({ volumes: mounted, tmpfs: mounted });

/** Every mount of `spec` whose place another one before it has taken, even in a spec that breaks other rules. */
export function takenPlaces(
  spec: unknown,
): readonly { readonly path: readonly (string | number)[]; readonly rule: string }[] {
  const { volumes = [], tmpfs = [] } = mounts.safeParse(spec).data ?? {};
  const places = [
    ...volumes.map((it, index) => ({ list: "volumes", index, place: it.containerPath })),
    ...tmpfs.map((it, index) => ({ list: "tmpfs", index, place: it.containerPath })),
  ];
  const holders = new Map<string, string>();
  return places.flatMap(({ list, index, place }) => {
    const holder = holders.get(place);
    if (holder === undefined) {
      holders.set(place, `${list}[${index}]`);
      return [];
    }
    const rule = `must differ from those of other mounts: ${holder} is mounted there`;
    return [{ path: [list, index, "containerPath"], rule }];
  });
}
