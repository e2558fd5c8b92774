import type { DefinitionMarks, DescribedMarks, DomainOwnership } from "./domain-ownership.ts";
import { isDown, isOwnRun, type SeenDomain } from "./seen-domain.ts";

/** Which revisions a domain holds. */
interface DomainHolding {
  /** What runs; where nothing does, what is defined. */
  readonly current: DefinitionMarks | undefined;
  /** What can be gone back to. */
  readonly kept: DescribedMarks | undefined;
  /** Whether it is defined as something else than what runs: that has yet to take effect. */
  readonly isPending: boolean;
}

/**
 * What a domain holds. A change begins with the definition, which libvirt may refuse while nothing has happened yet. Until it has taken effect,
 * what runs is what it was.
 */
export function holdingOf(
  seen: Pick<SeenDomain, "domainId" | "ownership" | "state">,
): DomainHolding {
  const { current, former, kept } = seen.ownership;
  if (former === undefined || isDown(seen) || !isOwnRun(seen, former))
    return { current, kept: keptAfter(seen.ownership), isPending: false };
  return { current: former, kept: unlessOf(former, kept), isPending: true };
}

/** The grace of a machine of an older agent, which wrote none down: what it is where a spec says nothing, in milliseconds. */
const graceDefaultMs = 60_000;

/** The grace that what runs was made with, in milliseconds. */
export function graceOf(seen: Pick<SeenDomain, "domainId" | "ownership" | "state">): number {
  return holdingOf(seen).current?.graceMs ?? graceDefaultMs;
}

/** What is kept once the current definition has taken effect: what was kept already, else what it has taken the place of. */
export function keptAfter({ current, former, kept }: DomainOwnership): DescribedMarks | undefined {
  return unlessOf(current, kept ?? (former?.xml === "" ? undefined : former));
}

function unlessOf(
  shown: DefinitionMarks | undefined,
  kept: DescribedMarks | undefined,
): DescribedMarks | undefined {
  return kept?.instance === shown?.instance ? undefined : kept;
}
