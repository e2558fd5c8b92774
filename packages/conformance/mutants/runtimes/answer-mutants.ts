import {
  AgentError,
  type AgentErrorOptions,
  type ErrorCode,
  type WorkloadRuntime,
} from "@persys/core";
import { altered, type RuntimeMutant } from "../runtime-mutant.ts";

type Fails = (error: AgentError) => unknown;

/** A runtime whose calls fail otherwise. What they are called off with stays. */
function failing(fail: Fails): RuntimeMutant["make"] {
  return (_world, real) => {
    const otherwise =
      (signal: AbortSignal) =>
      (error: unknown): never => {
        if (signal.aborted || !AgentError.is(error)) throw error;
        throw fail(error);
      };
    return altered(real, {
      list: (signal) => real.list(signal).catch(otherwise(signal)),
      prepare: (target, signal, progress) =>
        real.prepare(target, signal, progress).catch(otherwise(signal)),
      start: (target, signal) => real.start(target, signal).catch(otherwise(signal)),
      replace: (target, signal) => real.replace(target, signal).catch(otherwise(signal)),
      retire: (id, keep, signal) => real.retire(id, keep, signal).catch(otherwise(signal)),
      restore: (id, signal) => real.restore(id, signal).catch(otherwise(signal)),
      stop: (id, graceMs, signal) => real.stop(id, graceMs, signal).catch(otherwise(signal)),
      remove: (id, signal) => real.remove(id, signal).catch(otherwise(signal)),
    });
  };
}

function likeness(error: AgentError, code: ErrorCode, options: AgentErrorOptions): AgentError {
  const { retryable, effect, details, cause } = error;
  return new AgentError(code, error.message, { retryable, effect, details, cause, ...options });
}

function claiming(claims: Partial<WorkloadRuntime["capabilities"]>): RuntimeMutant["make"] {
  return (_world, real) => altered(real, { capabilities: { ...real.capabilities, ...claims } });
}

/** Wrong ways to fail, to say what it can do, and to be asked whether it works. */
export const answerMutants: readonly RuntimeMutant[] = [
  {
    name: "errors-are-plain",
    clauseHint: "RT-122",
    breaks: "failures are plain errors",
    make: failing((error) => new Error(error.message)),
  },
  {
    name: "errors-are-texts",
    clauseHint: "RT-122",
    breaks: "failures are texts",
    make: failing((error) => error.message),
  },
  {
    name: "errors-are-internal",
    clauseHint: "RT-122",
    breaks: "every failure is an internal one",
    make: failing((error) => likeness(error, "INTERNAL", {})),
  },
  {
    name: "errors-are-for-ever",
    clauseHint: "RT-122",
    breaks: "a runtime that cannot be reached is told to be no use trying again",
    make: failing((error) => likeness(error, error.code, { retryable: false })),
  },
  {
    name: "unprepared-may-have-started",
    clauseHint: "RT-034",
    breaks: "start of what was not prepared says that something may have been started",
    make: failing((error) => likeness(error, error.code, { effect: "unknown" })),
  },
  {
    name: "unreachable-is-not-found",
    clauseHint: "RT-121",
    breaks: "a runtime that cannot be reached fails as if the workload were not there",
    make: failing((error) =>
      error.code === "RUNTIME_UNAVAILABLE" ? likeness(error, "NOT_FOUND", {}) : error,
    ),
  },
  {
    name: "stop-succeeds-when-unreachable",
    clauseHint: "RT-122",
    breaks: "stop and remove succeed when the runtime cannot be reached",
    make: (_world, real) => {
      const swallow = (error: unknown): void => {
        if (!AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) throw error;
      };
      return altered(real, {
        stop: (id, graceMs, signal) => real.stop(id, graceMs, signal).catch(swallow),
        remove: (id, signal) => real.remove(id, signal).catch(swallow),
      });
    },
  },
  {
    name: "start-succeeds-when-unreachable",
    clauseHint: "RT-122",
    breaks: "start succeeds when the runtime cannot be reached",
    make: (_world, real) =>
      altered(real, {
        start: (target, signal) =>
          real.start(target, signal).catch((error: unknown) => {
            if (!AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) throw error;
          }),
      }),
  },
  {
    name: "probe-throws",
    clauseHint: "RT-121",
    breaks: "probe throws when the runtime cannot be reached",
    make: (_world, real) =>
      altered(real, {
        probe: async (signal) => {
          const health = await real.probe(signal);
          if (health.healthy) return health;
          throw new AgentError("RUNTIME_UNAVAILABLE", health.failure.message, { retryable: true });
        },
      }),
  },
  {
    name: "probe-is-always-well",
    clauseHint: "RT-121",
    breaks: "probe says that the runtime is healthy when it cannot be reached",
    make: (_world, real) => altered(real, { probe: async () => ({ healthy: true, version: "1" }) }),
  },
  {
    name: "probe-has-no-version",
    clauseHint: "RT-020",
    breaks: "probe does not say which version the runtime is",
    make: (_world, real) =>
      altered(real, {
        probe: async (signal) => {
          const health = await real.probe(signal);
          return health.healthy ? { healthy: true, version: "" } : health;
        },
      }),
  },
  {
    name: "type-is-no-name",
    clauseHint: "RT-001",
    breaks: "the type is no name",
    make: (_world, real) => altered(real, { type: "my runtime" }),
  },
  {
    name: "events-declared-and-missing",
    clauseHint: "RT-002",
    breaks: "events are declared, and there are none",
    make: (_world, real) => {
      const broken = altered(real, {});
      Reflect.deleteProperty(broken, "events");
      return broken;
    },
  },
  {
    name: "events-there-and-not-declared",
    clauseHint: "RT-002",
    breaks: "there are events that are not declared",
    make: claiming({ events: false }),
  },
  {
    name: "logs-declared-and-missing",
    clauseHint: "RT-002",
    breaks: "logs are declared, and there are none",
    make: claiming({ logs: true }),
  },
  {
    name: "usage-declared-and-missing",
    clauseHint: "RT-002",
    breaks: "usage is declared, and there is none",
    make: claiming({ usage: true }),
  },
  {
    name: "logs-half-there",
    clauseHint: "RT-002",
    breaks: "logs are not declared, and there is a method that throws",
    make: (_world, real) =>
      altered(real, {
        logs: () => {
          throw new AgentError("UNSUPPORTED", "no logs yet");
        },
      }),
  },
];
