import { isIP } from "node:net";
import { type OptionType, scalarText } from "./option-type.ts";

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62})*$/i;

/** An address to listen at: an IP address or a host name, without a port. */
export const networkAddress: OptionType<string> = {
  name: "IP address or host name",
  read: (input) => {
    const text = scalarText(input) ?? "";
    const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
    return isIP(bare) !== 0 || (hostName.test(bare) && !/^[\d.]+$/.test(bare))
      ? { ok: true, value: bare }
      : { ok: false, rule: "must be an IP address or a host name, without a port" };
  },
  write: (value) => value,
};

/** Whether only this machine can reach what listens at `address`. Names other than localhost may lead anywhere, so they count as reachable. */
export function isLoopback(address: string): boolean {
  return (
    address === "localhost" ||
    address === "::1" ||
    (isIP(address) === 4 && address.startsWith("127."))
  );
}

/** The origin of an HTTP server at this address, with IPv6 addresses in brackets. */
export function httpOrigin(address: string, port: number, isSecure = false): string {
  return `${isSecure ? "https" : "http"}://${authorityOf(address, port)}`;
}

/** Address and port in one, as gRPC clients take it. */
export function authorityOf(address: string, port: number): string {
  return `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
}
