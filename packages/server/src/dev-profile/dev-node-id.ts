import { randomBytes } from "node:crypto";
import { readOrMakePrivateFile } from "./private-file.ts";

/**
 * The node id of a development folder, made once and kept there, so that two folders on one machine are two nodes. It starts with the host
 * name for people's sake.
 */
export function devNodeId(devDir: string, hostName: string): string {
  const make = (): string => `${hostName.slice(0, 63)}-dev-${randomBytes(6).toString("hex")}\n`;
  return readOrMakePrivateFile(`${devDir}/node-id`, make).trim();
}
