import { z } from "zod";

/** A port of the host that leads into a container. */
export interface PortMapping {
  /** 1 to 65535; 0 or left out: Docker picks a free one. */
  readonly hostPort?: number | undefined;
  /** 1 to 65535. */
  readonly containerPort: number;
  /** Default `tcp`. */
  readonly protocol?: (typeof portProtocols)[number] | undefined;
  /** The address of the host it listens on, IPv4 or IPv6. Default: all of them. */
  readonly hostIp?: string | undefined;
}

const portProtocols = ["", "tcp", "udp"] as const;
const portMax = 65_535;

/** Ports that one container may publish, and names it may be told of. */
const entriesMax = 4096;

const ipRule = "must be an IPv4 or IPv6 address";

/** The schema of a list of {@link PortMapping}. */
export const portsSchema: z.ZodType<readonly PortMapping[]> = z
  .array(
    z.strictObject({
      hostPort: z
        .int({ error: "must be a whole number" })
        .refine((it) => it >= 0 && it <= portMax, {
          error: `must be 1 to ${portMax}, or 0 to let Docker pick a free one`,
        })
        .optional(),
      containerPort: z
        .int({ error: "must be a whole number" })
        .refine((it) => it >= 1 && it <= portMax, { error: `must be 1 to ${portMax}` }),
      protocol: z.enum(portProtocols).optional(),
      hostIp: z.union([z.literal(""), z.ipv4(), z.ipv6()], { error: ipRule }).optional(),
    }),
  )
  .max(entriesMax);

/** The schema of the name of a network: one of Docker's own or of one that exists. Empty: `bridge`. */
export const networkSchema: z.ZodType<string> = z
  .string()
  .refine((it) => !it.startsWith("container:"), {
    error: "must not be the network of another container: that one may be replaced at any time",
  })
  .refine((it) => it.startsWith("container:") || /^$|^[A-Za-z0-9][\w.-]{0,254}$/.test(it), {
    error: "must be bridge, host, none or the name of a network: letters, digits, `_`, `.` and `-`",
  })
  .refine((it) => it !== "default", { error: "must be bridge for Docker's default network" });

/** The schema of names that the container's /etc/hosts has besides its own, with their addresses. */
export const extraHostsSchema: z.ZodType<Readonly<Record<string, string>>> = z
  .record(
    z.string().regex(/^\w[\w.-]{0,252}$/, {
      error: "must be the name of a host: letters, digits, `_`, `.` and `-`",
    }),
    z.union([z.ipv4(), z.ipv6(), z.literal("host-gateway")], {
      error: `${ipRule}, or host-gateway for that of the host`,
    }),
  )
  .refine((it) => Object.keys(it).length <= entriesMax, {
    error: `must have at most ${entriesMax} entries`,
  });

const published = z.looseObject({
  hostPort: z.int().positive(),
  protocol: z.string().default(""),
  hostIp: z.string().default(""),
});
type Published = z.infer<typeof published>;

const withPorts = z.looseObject({ ports: z.array(z.unknown()) });
const withUselessPorts = z.looseObject({
  network: z.enum(["host", "none"]),
  ports: z.array(z.unknown()).min(1),
});

/** Every port of `spec` whose port of the host another one before it has taken, even in a spec that breaks other rules. */
export function takenPorts(
  spec: unknown,
): readonly { readonly path: readonly (string | number)[]; readonly rule: string }[] {
  const { ports = [] } = withPorts.safeParse(spec).data ?? {};
  const holders = new Map<number, { readonly index: number; readonly port: Published }[]>();
  // A longer list breaks a rule already, and every pair of one would take long.
  return ports.slice(0, entriesMax).flatMap((entry, index) => {
    const port = published.safeParse(entry).data;
    if (port === undefined) return [];
    const others = holders.get(port.hostPort) ?? [];
    const holder = others.find((it) => areInEachOthersWay(it.port, port));
    others.push({ index, port });
    holders.set(port.hostPort, others);
    if (holder === undefined) return [];
    const rule = `must differ from those of other ports on the same address and protocol: ports[${holder.index}] has it`;
    return [{ path: ["ports", index, "hostPort"], rule }];
  });
}

/** Whether two mappings of the same port number want the same port. */
function areInEachOthersWay(one: Published, other: Published): boolean {
  if ((one.protocol || "tcp") !== (other.protocol || "tcp")) return false;
  return covers(one.hostIp, other.hostIp) || covers(other.hostIp, one.hostIp);
}

/** Whether whoever listens on `address` also has the port of `other`. */
function covers(address: string, other: string): boolean {
  if (address === "" || address.toLowerCase() === other.toLowerCase()) return true;
  if (address === "0.0.0.0") return !other.includes(":");
  return address === "::" && other.includes(":");
}

/** What is wrong with publishing ports in `spec` under its network; undefined when nothing is. */
export function uselessPorts(spec: unknown): string | undefined {
  const network = withUselessPorts.safeParse(spec).data?.network;
  if (network === undefined) return undefined;
  return network === "host"
    ? "must be empty with network host: the container's ports are those of the host already"
    : "must be empty with network none: nothing could reach them";
}
