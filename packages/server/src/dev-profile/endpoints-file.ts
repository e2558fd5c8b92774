import { readFileSync, rmSync } from "node:fs";
import { replacePrivateFile } from "./private-file.ts";

/** Where an agent of the development profile serves. */
export interface Endpoints {
  /** Origin of the API: `http://127.0.0.1:50052`. */
  readonly http: string;
  /** Address and port of gRPC; empty without it. */
  readonly grpc: string;
  /** Origin of health and metrics. */
  readonly metrics: string;
  readonly pid: number;
  readonly nodeId: string;
  readonly version: string;
}

/** Says in `<devDir>/endpoints.json` where the agent serves: clients find it there. Whole or not at all. */
export function writeEndpoints(devDir: string, endpoints: Endpoints): void {
  replacePrivateFile(endpointsPath(devDir), `${JSON.stringify(endpoints, undefined, 2)}\n`);
}

/** Removes the file, if it is that of `pid`. May be repeated. After a kill it stays, naming a process that is no more. */
export function removeEndpoints(devDir: string, pid: number): void {
  const path = endpointsPath(devDir);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  const endpoints = JSON.parse(text) as Partial<Endpoints>;
  if (endpoints.pid === pid) rmSync(path, { force: true });
}

function endpointsPath(devDir: string): string {
  return `${devDir}/endpoints.json`;
}
