import { z } from "zod";
import type { RegistryCredentials } from "./docker-client.ts";

/** A Docker `config.json`, as far as it is about registries. */
export interface DockerConfig {
  /** By address of the registry. */
  readonly auths: Readonly<Record<string, AuthEntry | null>>;
  /** The suffix of the program `docker-credential-…` that keeps all credentials. */
  readonly credsStore: string;
  /** Such suffixes by host, before `credsStore`. */
  readonly credHelpers: Readonly<Record<string, string>>;
}

/** One entry of `auths`. */
interface AuthEntry {
  /** Base64 of `user:password`; counts before the two. */
  readonly auth?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
}

/** What a configuration has for a registry. */
export type FoundCredentials =
  | { readonly kind: "none" }
  | { readonly kind: "credentials"; readonly credentials: RegistryCredentials }
  | { readonly kind: "helper"; readonly helper: string; readonly serverAddress: string }
  /** In words, without any of its content: the end of a sentence that begins with the file. */
  | { readonly kind: "fault"; readonly fault: string };

const entrySchema: z.ZodType<AuthEntry | null> = z
  .object({
    auth: z.string().optional(),
    username: z.string().optional(),
    password: z.string().optional(),
    identitytoken: z.string().optional(),
  })
  .nullable();

/** Other members of the file are none of our business. */
export const dockerConfigSchema: z.ZodType<DockerConfig> = z.object({
  auths: z
    .record(z.string(), entrySchema)
    .nullish()
    .transform((it) => it ?? {}),
  credsStore: z
    .string()
    .nullish()
    .transform((it) => it ?? ""),
  credHelpers: z
    .record(z.string(), z.string())
    .nullish()
    .transform((it) => it ?? {}),
});

/** The address under which Docker keeps the credentials of its hub: that of an interface that is long gone. */
const hubAddress = "https://index.docker.io/v1/";
/** Other addresses under which they are found in the wild. */
const hubHosts = ["index.docker.io", "docker.io", "registry-1.docker.io"];

/** What helpers give as the user's name when the secret is an identity token. */
const tokenUser = "<token>";

/**
 * The credentials for a registry (`docker.io`, `registry.example:5000`), found as Docker finds them: by a helper for this host, else by the
 * helper for all, else by the entry with exactly this address, else by one whose address, without scheme and path, is this host.
 */
export function credentialsIn(config: DockerConfig, registry: string): FoundCredentials {
  const isHub = registry === "docker.io";
  const serverAddress = isHub ? hubAddress : registry;
  const hosts = isHub ? hubHosts : [registry];
  const helper = helperFor(config, [serverAddress, ...hosts]);
  if (helper !== "") {
    if (/^[\w.-]+$/.test(helper)) return { kind: "helper", helper, serverAddress };
    return { kind: "fault", fault: "names a credential helper that is not the name of a program" };
  }
  const entry =
    own(config.auths, serverAddress) ??
    Object.entries(config.auths).find(([address]) => hosts.includes(hostOf(address)))?.[1];
  return entry === undefined || entry === null
    ? { kind: "none" }
    : credentialsOf(entry, serverAddress);
}

/** A helper's answer as credentials. */
export function helperCredentials(
  { username, secret }: { readonly username: string; readonly secret: string },
  serverAddress: string,
): RegistryCredentials {
  return username === tokenUser
    ? { identitytoken: secret, serveraddress: serverAddress }
    : { username, password: secret, serveraddress: serverAddress };
}

function helperFor({ credHelpers, credsStore }: DockerConfig, names: readonly string[]): string {
  return names.map((it) => own(credHelpers, it)).find((it) => it !== undefined) ?? credsStore;
}

function credentialsOf(entry: AuthEntry, serveraddress: string): FoundCredentials {
  const { auth = "", username = "", password = "", identitytoken = "" } = entry;
  const named = auth === "" ? { username, password } : decoded(auth);
  if (named === undefined)
    return { kind: "fault", fault: "has an entry for this registry whose auth is malformed" };
  if (identitytoken !== "")
    return {
      kind: "credentials",
      credentials: {
        identitytoken,
        ...(named.username === "" ? {} : { username: named.username }),
        serveraddress,
      },
    };
  // `docker login` leaves empty entries where a helper keeps the rest.
  if (named.username === "") return { kind: "none" };
  return { kind: "credentials", credentials: { ...named, serveraddress } };
}

/** Undefined where it is not `user:password`. Old versions of Docker filled up with NUL. */
function decoded(auth: string): { username: string; password: string } | undefined {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon <= 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replaceAll("\0", "") };
}

/** Without scheme and path. */
function hostOf(address: string): string {
  const [host = ""] = address.replace(/^https?:\/\//, "").split("/");
  return host;
}

/** The value under a key, never one that every object has. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
