import { type Act, apply, type CrashStory, pass, reach, rest } from "./story.ts";

/** Runs beside whatever a story tells, and must never notice. */
const neighbour: readonly Act[] = [apply("neighbour", "server", "r1"), pass(15_000)];

const running: readonly Act[] = [...neighbour, apply("web", "server", "r1"), pass(15_000)];
const updated: readonly Act[] = [...running, apply("web", "server", "r2"), pass(15_000)];
const stop: Act = { kind: "want", id: "web", desired: "stopped" };
const start: Act = { kind: "want", id: "web", desired: "running" };
const remove: Act = { kind: "delete", id: "web" };
const retry: Act = { kind: "retry", id: "web" };

/** Every way of a workload through an agent: an agent is killed at each boundary of each of them. */
export const crashStories: readonly CrashStory[] = [
  {
    name: "apply",
    title: "the first apply of a workload",
    before: neighbour,
    acts: [apply("web", "server", "r1"), rest],
    isShort: true,
  },
  {
    name: "apply-checked",
    title: "the first apply of a workload with a health check",
    before: neighbour,
    acts: [apply("web", "checked server", "r1"), rest],
  },
  {
    name: "apply-stopped-midway",
    title: "an apply that is followed by a stop at once",
    before: neighbour,
    acts: [apply("web", "slow server", "r1"), reach("web", "prepare"), pass(1_000), stop, rest],
  },
  {
    name: "job",
    title: "the run of a job to its end",
    before: neighbour,
    acts: [apply("job", "job", "r1"), rest],
  },
  {
    name: "one-time-job",
    title: "the only run of a job that may be started once",
    before: neighbour,
    acts: [apply("job", "one-time job", "r1"), rest],
    atMostOnce: ["job"],
    isShort: true,
  },
  {
    name: "one-time-job-lost",
    title: "the only run of a job of which nothing is left when the next agent comes",
    before: neighbour,
    acts: [apply("job", "one-time job", "r1"), rest],
    atMostOnce: ["job"],
    meanwhile: [{ kind: "vanishes", id: "job" }],
  },
  {
    name: "update",
    title: "an update that settles",
    before: running,
    acts: [apply("web", "server", "r2"), rest],
    isShort: true,
  },
  {
    name: "update-restored",
    title: "an update that cannot be started and gives way to what ran before",
    before: running,
    acts: [apply("web", "unstartable", "r2"), rest],
  },
  {
    name: "update-unhealthy",
    title: "an update that never becomes healthy and gives way to what ran before",
    before: running,
    acts: [apply("web", "never healthy", "r2"), rest],
  },
  {
    name: "update-crashing",
    title: "an update that ends again and again and gives way to what ran before",
    before: running,
    acts: [apply("web", "crashing", "r2"), rest],
  },
  {
    name: "update-over-prepare",
    title: "an update while another one is being prepared",
    before: running,
    acts: [
      apply("web", "slow server", "r2"),
      reach("web", "prepare"),
      pass(1_000),
      apply("web", "server", "r3"),
      rest,
    ],
  },
  {
    name: "update-over-replace",
    title: "an update while another one takes over",
    before: running,
    acts: [
      apply("web", "slow server", "r2"),
      reach("web", "replace"),
      pass(1_000),
      apply("web", "server", "r3"),
      rest,
    ],
  },
  {
    name: "update-back",
    title: "an update back to the revision before",
    before: updated,
    acts: [apply("web", "server", "r1"), rest],
  },
  { name: "stop", title: "a stop", before: running, acts: [stop, rest], isShort: true },
  {
    name: "start",
    title: "a start after a stop",
    before: [...running, stop, rest],
    acts: [start, rest],
    isShort: true,
  },
  {
    name: "update-stopped",
    title: "an update of what is stopped, and its start",
    before: [...running, stop, rest],
    acts: [apply("web", "server", "r2"), rest],
  },
  { name: "delete", title: "a delete", before: running, acts: [remove, rest], isShort: true },
  {
    name: "delete-half-made",
    title: "a delete of what is being made",
    before: neighbour,
    acts: [apply("web", "slow server", "r1"), reach("web", "start"), pass(1_000), remove, rest],
  },
  {
    name: "delete-in-update",
    title: "a delete in the middle of an update",
    before: running,
    acts: [apply("web", "slow server", "r2"), reach("web", "replace"), pass(1_000), remove, rest],
  },
  {
    name: "apply-while-deleted",
    title: "an apply while the id is being deleted",
    before: [...neighbour, apply("web", "slow server", "r1"), rest],
    acts: [remove, apply("web", "server", "r2"), rest],
    isShort: true,
  },
  {
    name: "retry",
    title: "a retry of what was given up",
    before: [
      ...neighbour,
      { kind: "forbid" },
      apply("web", "server", "r1"),
      rest,
      { kind: "permit" },
    ],
    acts: [retry, rest],
    isShort: true,
  },
  {
    name: "retry-update",
    title: "a retry of an update that was given up",
    before: [
      ...running,
      { kind: "forbid" },
      apply("web", "server", "r2"),
      rest,
      { kind: "permit" },
    ],
    acts: [retry, rest],
  },
  {
    name: "heal",
    title: "the healing of what has ended",
    before: running,
    acts: [{ kind: "ends", id: "web" }, rest],
    isShort: true,
  },
  {
    name: "heal-vanished",
    title: "the healing of what somebody has removed",
    before: running,
    acts: [{ kind: "vanishes", id: "web" }, rest],
  },
  {
    name: "heal-paused",
    title: "the waking of what somebody has paused",
    before: running,
    acts: [{ kind: "pauses", id: "web" }, rest],
  },
  {
    name: "heal-in-update",
    title: "the healing of what ends while its update is prepared",
    before: running,
    acts: [
      apply("web", "slow server", "r2"),
      reach("web", "prepare"),
      pass(1_000),
      { kind: "ends", id: "web" },
      rest,
    ],
  },
  {
    name: "drift",
    title: "the repair of what somebody has changed",
    before: running,
    acts: [{ kind: "drifts", id: "web" }, rest],
    isShort: true,
  },
  {
    name: "resync",
    title: "a look at everything while nothing happens",
    before: running,
    acts: [pass(65_000)],
  },
  {
    name: "restart",
    title: "a stop and a start of the agent over workloads of every kind",
    before: [
      ...running,
      apply("stopped", "server", "r1"),
      apply("job", "job", "r1"),
      apply("once", "one-time job", "r1"),
      pass(15_000),
      { kind: "forbid" },
      apply("refused", "server", "r1"),
      pass(1_000),
      { kind: "permit" },
      { kind: "want", id: "stopped", desired: "stopped" },
      rest,
    ],
    acts: [{ kind: "restart" }, rest],
    isShort: true,
  },
  {
    name: "restart-in-update",
    title: "a stop of the agent in the middle of an update",
    before: running,
    acts: [
      apply("web", "slow server", "r2"),
      reach("web", "prepare"),
      pass(1_000),
      { kind: "restart" },
      rest,
    ],
  },
];
