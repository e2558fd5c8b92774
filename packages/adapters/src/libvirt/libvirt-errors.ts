import { AgentError, type AgentErrorOptions, type ErrorCode } from "@persys/core";
import type { errorNumber } from "./rpc/index.ts";
import { LibvirtConnectionError, LibvirtError } from "./rpc/index.ts";

/** What an answer of the daemon means for a workload. */
interface Meaning {
  readonly code: ErrorCode;
  readonly retryable: boolean;
}

const descriptionIsWrong: Meaning = { code: "INVALID_SPEC", retryable: false };
const personHasToAct: Meaning = { code: "PERMISSION_DENIED", retryable: false };
const storageFails: Meaning = { code: "STORAGE_ERROR", retryable: true };
const networkFails: Meaning = { code: "NETWORK_ERROR", retryable: true };
const daemonIsCutOff: Meaning = { code: "RUNTIME_UNAVAILABLE", retryable: true };
const nameIsTaken: Meaning = { code: "NAME_CONFLICT", retryable: true };
const other: Meaning = { code: "RUNTIME_ERROR", retryable: true };

/** By the names of `virErrorNumber`; all that are not here may be different next time. */
const meanings: ReadonlyMap<string, Meaning> = new Map<keyof typeof errorNumber, Meaning>([
  ["argumentUnsupported", descriptionIsWrong],
  ["configUnsupported", descriptionIsWrong],
  ["cpuIncompatible", descriptionIsWrong],
  ["invalidMac", descriptionIsWrong],
  ["osType", descriptionIsWrong],
  ["xmlDetail", descriptionIsWrong],
  ["xmlError", descriptionIsWrong],
  ["xmlInvalidSchema", descriptionIsWrong],

  ["accessDenied", personHasToAct],
  ["authCancelled", personHasToAct],
  ["authFailed", personHasToAct],
  ["authUnavailable", personHasToAct],
  ["operationDenied", personHasToAct],

  ["noMemory", { code: "INSUFFICIENT_RESOURCES", retryable: true }],
  ["domExist", nameIsTaken],
  ["noNetwork", networkFails],
  ["networkExist", networkFails],
  ["buildFirewall", networkFails],
  ["noStoragePool", storageFails],
  ["noStorageVol", storageFails],
  ["storageProbeFailed", storageFails],
  ["storageVolExist", storageFails],

  ["invalidConn", daemonIsCutOff],
  ["noConnect", daemonIsCutOff],
  ["rpc", daemonIsCutOff],
]);

/** By the names of `virErrorDomain`: what a failure without a telling code is about. */
const meaningsOfParts: ReadonlyMap<string, Meaning> = new Map([
  ["network", networkFails],
  ["firewall", networkFails],
  ["storage", storageFails],
]);

/**
 * A failed exchange with libvirt as an AgentError, by its code and part; an AgentError is passed on. `doing` completes the sentence "could
 * not …". No answer is RUNTIME_UNAVAILABLE: what is unavailable is never absent. What is refused for its description or its name has had no
 * effect, nor has what never reached the daemon.
 */
export function vmError(error: unknown, doing: string): AgentError {
  if (AgentError.is(error)) return error;
  if (error instanceof LibvirtError) return refused(error, doing);
  if (error instanceof LibvirtConnectionError) return unanswered(error, doing);
  const why = error instanceof Error ? error.message : String(error);
  return new AgentError("RUNTIME_ERROR", `could not ${doing}: ${why}`, {
    retryable: true,
    cause: error,
  });
}

/** Whether the daemon answered that there is no such machine. */
export function isMissingDomain(error: unknown): boolean {
  return LibvirtError.hasCode(error, "noDomain");
}

/** Whether the daemon answered that the machine is not in the state for that: it runs already, or does not run. */
export function isOtherState(error: unknown): boolean {
  return LibvirtError.hasCode(error, "operationInvalid");
}

/** What libvirt gave as the description of a workload's machine is none. */
export function unreadableDescription(id: string): AgentError {
  return new AgentError("RUNTIME_ERROR", `the description of the machine ${id} cannot be read`, {
    retryable: true,
  });
}

function refused(error: LibvirtError, doing: string): AgentError {
  const meaning = meanings.get(error.codeName) ?? meaningsOfParts.get(error.domainName) ?? other;
  const hasNoEffect = meaning === descriptionIsWrong || meaning === nameIsTaken;
  return new AgentError(meaning.code, `could not ${doing}: ${error.message}`, {
    retryable: meaning.retryable,
    fault: meaning === descriptionIsWrong ? "user" : "system",
    ...(hasNoEffect ? { effect: "none" } : {}),
    cause: error,
    details: { libvirtCode: error.code, libvirtDomain: error.domain },
  });
}

function unanswered(error: LibvirtConnectionError, doing: string): AgentError {
  const { fault, errno = "", sent } = error;
  const options: AgentErrorOptions = { effect: sent ? "unknown" : "none", cause: error };
  if (fault === "unsendable")
    return new AgentError("INVALID_SPEC", `could not ${doing}: ${error.message}`, {
      ...options,
      fault: "user",
    });
  const isRefused = errno === "EACCES" || errno === "EPERM";
  const advice = isRefused
    ? "; this user may not use libvirt's socket: add it to the group libvirt, or run as root"
    : "";
  return new AgentError("RUNTIME_UNAVAILABLE", `could not ${doing}: ${error.message}${advice}`, {
    ...options,
    retryable: true,
    details: { fault, ...(errno === "" ? {} : { errno }) },
  });
}
