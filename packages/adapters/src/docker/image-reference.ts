import { AgentError, type ImageReference, parseImageReference } from "@persys/core";

/** The parts of a reference that a spec was accepted with. @throws {AgentError} INVALID_SPEC for any other. */
export function referenceOf(reference: string): ImageReference {
  const parsed = parseImageReference(reference);
  if (parsed.ok) return parsed.value;
  throw new AgentError("INVALID_SPEC", `${reference} is not the name of an image`, {
    fault: "user",
    violations: parsed.violations,
  });
}

/** The one thing that a pull of it fetches, in full: by digest where it has one, else by tag, else `latest`. */
export function pulledNameOf(reference: string): string {
  const { registry, repository, tag = "latest", digest } = referenceOf(reference);
  const name = `${registry}/${repository}`;
  return digest === undefined ? `${name}:${tag}` : `${name}@${digest}`;
}
