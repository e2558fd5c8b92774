import { AgentError, type ErrorCode } from "@persys/core";
import { errnoOf } from "./errno.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/** Why the agent cannot go to work, in a sentence that also says what to do, and how it then ends. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}

const codeExits: Partial<Record<ErrorCode, ExitCode>> = {
  OWNED_BY_OTHER: exitCodes.ownedByOther,
  OWNERSHIP_LOST: exitCodes.engineFailed,
  STORE_UNAVAILABLE: exitCodes.storeUnusable,
  STORE_FULL: exitCodes.storeUnusable,
  RECORD_CORRUPT: exitCodes.storeUnusable,
  INVALID_REQUEST: exitCodes.configuration,
};

/** How the agent ends when its start failed with `error`. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof StartFailure) return error.exitCode;
  return (AgentError.is(error) ? codeExits[error.code] : undefined) ?? exitCodes.unexpected;
}

/** Where a server was to listen, and the settings that say so. */
export interface ListenPlace {
  /** What it serves: `the API`. */
  readonly what: string;
  readonly address: string;
  readonly port: number;
  readonly addressSetting: string;
  readonly portSetting: string;
}

/** `error` as a failure to listen that says what to do; any other error as it is. */
export function listenFailure(error: unknown, place: ListenPlace): unknown {
  const advice = listenAdvice(errnoOf(error), place);
  return advice === undefined
    ? error
    : new StartFailure(exitCodes.addressInUse, `cannot serve ${place.what}: ${advice}`, error);
}

function listenAdvice(errno: string, place: ListenPlace): string | undefined {
  const { address, port, addressSetting, portSetting } = place;
  switch (errno) {
    case "EADDRINUSE":
      return `port ${port} at ${address} is in use by another program; stop that one, or choose another port with ${portSetting} (0: any free one)`;
    case "EACCES":
      return `this user may not listen at port ${port}; choose one from 1024 with ${portSetting}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `this machine has no address ${address}; set ${addressSetting} to one that it has, such as 127.0.0.1`;
    default:
      return undefined;
  }
}
