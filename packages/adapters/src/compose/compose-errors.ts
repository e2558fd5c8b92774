import { stripVTControlCharacters } from "node:util";
import { AgentError, type AgentErrorOptions, type Violation } from "@persys/core";
import { errnoOf } from "../docker/docker-errors.ts";

/** Longest piece of a command's own words in a message, in characters. */
const wordsCharsMax = 1_000;
/** Values shorter than this are too common in a text to be taken out of it. */
const secretCharsMin = 4;

/** What steers a terminal rather than being read on it; lines may end. */
const steering = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * `text` without what may be secret and what steers terminals (others may have written it: a host of git, a compose file), and no longer than a
 * message may be: its end, where commands say what went wrong.
 */
export function redacted(text: string, secrets: readonly string[]): string {
  // Once more afterwards: what steers may have stood in the midst of a secret.
  const clean = without(plain(without(text, secrets)), [...secrets, ...secrets.map(plain)]).trim();
  return clean.length <= wordsCharsMax ? clean : `…${clean.slice(-wordsCharsMax)}`;
}

function without(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets)
    if (secret.length >= secretCharsMin) clean = clean.replaceAll(secret, "<redacted>");
  return clean;
}

function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\r\n?/g, "\n").replaceAll(steering, " ");
}

/** The compose command has failed at what it was asked for. `words`: redacted. */
export function commandFailed(
  doing: string,
  words: string,
  options: AgentErrorOptions = {},
): AgentError {
  const said = words === "" ? "the compose command failed without a word" : words;
  return new AgentError("RUNTIME_ERROR", `could not ${doing}: ${said}`, {
    retryable: true,
    ...options,
  });
}

/** A file of ours that cannot be read or written, as an AgentError, by errno; an AgentError is passed on. */
export function folderError(error: unknown, doing: string): AgentError {
  if (AgentError.is(error)) return error;
  const errno = errnoOf(error) ?? "unknown";
  return new AgentError("STORAGE_ERROR", `could not ${doing}: ${errno}`, {
    retryable: true,
    cause: error,
    details: { errno },
  });
}

/** A revision whose preparation is not there. */
export function notPrepared(): AgentError {
  return new AgentError("NOT_PREPARED", "the project is not prepared on this node", {
    retryable: true,
    effect: "none",
  });
}

/** Something that is not this workload's has the place of its project. */
export function projectTaken(project: string, holder: string): AgentError {
  return new AgentError(
    "NAME_CONFLICT",
    `the compose project ${project} is not this workload's alone: ${holder} is there already; ` +
      "remove it, or give the workload another projectName",
    { retryable: true, effect: "none", fault: "user", details: { project } },
  );
}

/** A container of somebody else has the name that a file gives to one of its own. */
export function nameHeld(container: string, service: string): AgentError {
  return new AgentError(
    "NAME_CONFLICT",
    `another container has the name ${container}, which container_name gives to service ${service}: ` +
      "remove that container, or choose another name",
    { retryable: true, effect: "none", fault: "user", details: { container, service } },
  );
}

/** A file that breaks rules, all of which are named. */
export function refusedFile(message: string, violations: readonly Violation[]): AgentError {
  return new AgentError("INVALID_SPEC", message, { fault: "user", effect: "none", violations });
}
