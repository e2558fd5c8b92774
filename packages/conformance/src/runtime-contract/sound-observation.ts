import { type Instance, isLive, instanceStates, type Observation } from "@persys/core";
import { ContractViolation } from "../contract-violation.ts";

const glanceCharsMax = 512;
const healthOutputCharsMax = 512;

/** Holds a look against what is true of every look. @throws {ContractViolation} naming every rule that it breaks. */
export function assertSoundObservation(seen: Observation): void {
  const faults = faultsOf(seen);
  if (faults.length > 0)
    throw new ContractViolation(
      `an observation does not hold to it that ${faults.join("; that ")}`,
      { seen },
    );
}

function faultsOf(seen: Observation): readonly string[] {
  switch (seen.kind) {
    case "absent":
      return [];
    case "unreadable":
      return broken({
        "an unreadable one says why": seen.failure.message.length > 0,
        "an unreadable one names a reason": seen.failure.reason.length > 0,
        "an unreadable one says when": seen.failure.atMs >= 0,
      });
    case "present": {
      const { glance, instances } = seen;
      const handles = new Set(instances.map((it) => it.handle));
      return [
        ...broken({
          "what is present has an instance": instances.length > 0,
          "a glance has 1 to 512 characters": glance.length > 0 && glance.length <= glanceCharsMax,
          "at most one instance is live": instances.filter(isLive).length <= 1,
          "at most one instance is kept": instances.filter((it) => it.kept).length <= 1,
          "at most one instance is current": instances.filter((it) => !it.kept).length <= 1,
          "every instance has a handle of its own": handles.size === instances.length,
        }),
        ...instances.flatMap(faultsOfInstance),
      ];
    }
  }
}

function faultsOfInstance(it: Instance): readonly string[] {
  const { exit } = it;
  return broken({
    "the state is one of the list": instanceStates.includes(it.state),
    "a handle is not empty": it.handle !== "",
    "exit goes with exited": (exit !== undefined) === (it.state === "exited"),
    "an exit code is a whole number from 0": exit?.kind !== "code" || isCount(exit.code),
    "a live instance has a run": !isLive(it) || (it.run !== undefined && it.run !== ""),
    "what was never started has no run": it.state !== "created" || it.run === undefined,
    "the output of a health check is short": (it.healthOutput?.length ?? 0) <= healthOutputCharsMax,
    "facts are texts": Object.values(it.facts).every((fact) => typeof fact === "string"),
  });
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function broken(rules: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(rules).filter((rule) => rules[rule] === false);
}
