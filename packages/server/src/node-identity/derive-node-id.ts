import { createHash } from "node:crypto";

/** What a node id is derived from. */
export interface NodeFacts {
  readonly hostName: string;
  /** What /etc/machine-id says; undefined where there is none. */
  readonly machineId: string | undefined;
  /** Hardware address, such as `52:54:00:12:34:56`, of the first network card that is up and no loopback; undefined where there is none. */
  readonly hardwareAddress: string | undefined;
}

/**
 * The id of a node that was given none, as existing agents derive it, so that a node keeps its name when the agent is replaced:
 * `<host name>-<first 12 of the machine id>`, else `<host name>-<first 6 bytes, in hex, of the SHA-256 of the hardware address>`, else
 * the host name.
 */
export function deriveNodeId(facts: NodeFacts): string {
  const machineId = facts.machineId?.trim() ?? "";
  if (machineId !== "") return `${facts.hostName}-${machineId.slice(0, 12)}`;
  if (facts.hardwareAddress === undefined) return facts.hostName;
  const digest = createHash("sha256").update(facts.hardwareAddress.toLowerCase()).digest("hex");
  return `${facts.hostName}-${digest.slice(0, 12)}`;
}
