import type { RuntimeEvent, WorkloadId } from "@persys/core";
import { altered, eventsOf, type RuntimeMutant, unheeded } from "../runtime-mutant.ts";

type Stream = AsyncIterable<RuntimeEvent>;

/** A runtime whose hints pass through `change`. */
function passing(change: (events: Stream, signal: AbortSignal) => Stream): RuntimeMutant["make"] {
  // Subscribed at once, as a sound runtime does.
  return (_world, real) =>
    altered(real, { events: (signal) => change(eventsOf(real, signal), signal) });
}

/** A runtime that has no hints of `what`. */
function without(...what: readonly string[]): RuntimeMutant["make"] {
  return passing(async function* (events) {
    for await (const event of events) if (!what.includes(event.what)) yield event;
  });
}

/** A stream without an event. */
async function* forever(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  yield* [];
}

/** Wrong ways to give hints. */
export const eventMutants: readonly RuntimeMutant[] = [
  {
    name: "events-stall",
    clauseHint: "RT-080",
    breaks: "the event stream stays open and never says anything",
    make: (_world, real) => altered(real, { events: forever }),
  },
  {
    name: "events-stall-after-the-first",
    clauseHint: "RT-080",
    breaks: "the event stream says nothing any more after its first event",
    make: passing(async function* (events, signal) {
      for await (const event of events) {
        yield event;
        break;
      }
      yield* forever(signal);
    }),
  },
  {
    name: "events-end-after-the-first",
    clauseHint: "RT-080",
    breaks: "the event stream ends after its first event",
    make: passing(async function* (events) {
      for await (const event of events) {
        yield event;
        return;
      }
    }),
  },
  {
    name: "events-end-when-quiet",
    clauseHint: "RT-080",
    breaks: "the event stream ends when nothing happens for a while",
    make: (world, real) =>
      altered(real, {
        events: (signal) => {
          const quiet = new AbortController();
          const cancel = world.clock.schedule(400, () => quiet.abort());
          signal.addEventListener("abort", cancel, { once: true });
          return world.events.subscribe(AbortSignal.any([signal, quiet.signal]));
        },
      }),
  },
  {
    name: "events-without-ends",
    clauseHint: "RT-080",
    breaks: "there is no event when a program ends",
    make: without("exited"),
  },
  {
    name: "events-without-pauses",
    clauseHint: "RT-081",
    level: "SHOULD",
    breaks: "there is no event when a program is frozen",
    make: without("paused"),
  },
  {
    name: "events-without-health",
    clauseHint: "RT-081",
    level: "SHOULD",
    breaks: "there is no event when the health changes",
    make: without("health"),
  },
  {
    name: "events-without-removals",
    clauseHint: "RT-081",
    level: "SHOULD",
    breaks: "there is no event when an instance is removed",
    make: without("removed"),
  },
  {
    name: "events-without-starts",
    clauseHint: "RT-081",
    level: "SHOULD",
    breaks: "there is no event when a program is started behind the agent",
    make: without("running"),
  },
  {
    name: "events-of-another",
    clauseHint: "RT-080",
    breaks: "an event names the handle of the instance instead of the workload",
    make: passing(async function* (events) {
      for await (const { id, what } of events) {
        yield { id: id === undefined ? id : (`instance-of-${id}` as WorkloadId), what };
      }
    }),
  },
  {
    name: "events-outlive-their-signal",
    clauseHint: "RT-080",
    breaks: "the event stream does not end when its signal aborts",
    make: (world, real) => altered(real, { events: () => world.events.subscribe(unheeded()) }),
  },
  {
    name: "events-leave-a-listener",
    clauseHint: "RT-082",
    breaks: "the event stream ends with its signal and goes on listening behind",
    make: (world, real) =>
      altered(real, {
        events: (signal) => {
          world.events.subscribe(unheeded());
          return eventsOf(real, signal);
        },
      }),
  },
  {
    name: "events-leave-a-listener-when-left",
    clauseHint: "RT-082",
    breaks: "the event stream goes on listening when its reader leaves it",
    make: passing((events) => ({
      [Symbol.asyncIterator]: () => {
        const inner = events[Symbol.asyncIterator]();
        return { next: () => inner.next() };
      },
    })),
  },
  {
    name: "events-hide-a-lost-connection",
    clauseHint: "RT-084",
    breaks: "the event stream goes on in silence when the connection is lost",
    make: passing(async function* (events, signal) {
      try {
        yield* events;
      } catch {
        yield* forever(signal);
      }
    }),
  },
  {
    name: "events-end-when-cut-off",
    clauseHint: "RT-084",
    breaks: "the event stream ends as if all were well when the connection is lost",
    make: passing(async function* (events) {
      try {
        yield* events;
      } catch {
        return;
      }
    }),
  },
  {
    name: "events-come-late",
    clauseHint: "RT-080",
    breaks: "events come an hour late",
    make: (world, real) => {
      world.events.deliver({ delayMs: 3_600_000 });
      return real;
    },
  },
];
