import { isIP } from "node:net";
import { z } from "zod";
import { oneLine } from "./vm-spec-members.ts";

/** An interface of a machine. */
export interface NetworkSpec {
  /** A network of libvirt, or else a bridge of the host. Default `default`. */
  readonly network?: string | undefined;
  /** Its hardware address. Default: made up, and the same for every revision. */
  readonly macAddress?: string | undefined;
  /** A static address, with the length of its prefix: `192.168.122.10/24`. Default: by DHCP. */
  readonly ipAddress?: string | undefined;
  /** Where other networks are reached, with a static address. */
  readonly gateway?: string | undefined;
  /** Servers of names, with a static address. */
  readonly nameservers?: readonly string[] | undefined;
}

const networksMax = 16;

const address = z.string().refine((it) => it === "" || isIP(it) !== 0, {
  error: "must be an IPv4 or IPv6 address",
});

const network: z.ZodType<NetworkSpec> = z
  .strictObject({
    network: oneLine(255)
      .refine((it) => !it.includes("/"), { error: "must not contain `/`" })
      .optional(),
    macAddress: z
      .string()
      .regex(/^$|^[0-9a-fA-F][02468aceACE](?::[0-9a-fA-F]{2}){5}$/, {
        error: "must be such as `52:54:00:12:34:56`, and no group address",
      })
      .optional(),
    ipAddress: z
      .string()
      .refine((it) => it === "" || isInterfaceAddress(it), {
        error: "must be an address with the length of its prefix, such as `192.168.122.10/24`",
      })
      .optional(),
    gateway: address.optional(),
    nameservers: z.array(address).max(8).optional(),
  })
  .superRefine(({ ipAddress = "", gateway = "", nameservers = [] }, context) => {
    if (ipAddress !== "") return;
    const message = "says nothing without an `ipAddress`: DHCP gives it";
    if (gateway !== "") context.addIssue({ code: "custom", path: ["gateway"], message });
    if (nameservers.length > 0)
      context.addIssue({ code: "custom", path: ["nameservers"], message });
  });

/** The interfaces of a machine, no two of one hardware address. */
export const networksSchema: z.ZodType<readonly NetworkSpec[]> = z
  .array(network)
  .max(networksMax)
  .superRefine((networks, context) => {
    const seen = new Set<string>();
    for (const [at, { macAddress = "" }] of networks.entries()) {
      const mac = macAddress.toLowerCase();
      if (mac !== "" && seen.has(mac))
        context.addIssue({
          code: "custom",
          path: [at, "macAddress"],
          message: "is that of another interface",
        });
      seen.add(mac);
    }
  });

function isInterfaceAddress(words: string): boolean {
  const [ip = "", prefix = "", ...more] = words.split("/");
  const bits = isIP(ip) === 4 ? 32 : isIP(ip) === 6 ? 128 : 0;
  return more.length === 0 && /^\d{1,3}$/.test(prefix) && bits > 0 && Number(prefix) <= bits;
}
