import type { Config } from "./config.ts";
import type { ConfigOption } from "./config-option.ts";
import { wholeNumber } from "./option-type.ts";

type LimitSetting =
  | "callsPerSecond"
  | "callsBurst"
  | "callsAtOnce"
  | "streamsAtOnce"
  | "refusedCallsPerSecond";

const section = "TLS and access";

/** The rows of the table about how much each caller may call. */
export const limitOptions: { readonly [Name in LimitSetting]: ConfigOption<Config[Name]> } = {
  callsPerSecond: {
    section,
    key: "calls_per_second",
    env: ["PERSYS_CALLS_PER_SECOND"],
    type: wholeNumber(0, 1_000_000),
    // A scheduler that starts 1,000 workloads asks for each of them once a second until it runs; this is twice as much.
    standard: 2_000,
    doc: "How often one caller may call, for as long as it likes, on all ports together. What is beyond is answered with RESOURCE_EXHAUSTED and the time to wait. 0: as often as it likes. `grpc.health.v1` and `/health` are not counted.",
  },
  callsBurst: {
    section,
    key: "calls_burst",
    env: ["PERSYS_CALLS_BURST"],
    type: wholeNumber(1, 1_000_000),
    standard: 4_000,
    doc: "How often one caller may call at a stretch after it was quiet.",
  },
  callsAtOnce: {
    section,
    key: "calls_at_once",
    env: ["PERSYS_CALLS_AT_ONCE"],
    type: wholeNumber(1, 1_000_000),
    // Of a scheduler that waits for 1,000 applies and asks for 1,000 statuses at the same time.
    standard: 2_000,
    doc: "Calls of one caller under way at a time, without streams; an apply that waits is one.",
  },
  streamsAtOnce: {
    section,
    key: "streams_at_once",
    env: ["PERSYS_STREAMS_AT_ONCE"],
    type: wholeNumber(1, 100_000),
    // The engine has 256 in all: one caller leaves room for others.
    standard: 64,
    doc: "Watches and followed logs of one caller at a time, besides its other calls.",
  },
  refusedCallsPerSecond: {
    section,
    key: "refused_calls_per_second",
    env: ["PERSYS_REFUSED_CALLS_PER_SECOND"],
    type: wholeNumber(0, 1_000_000),
    // Enough for every client of a network to try again each second with a token that has ended.
    standard: 20,
    doc: "How often one network (an IPv4 address, the first 64 bits of an IPv6 address) may be turned away with a reason, five times that at a stretch; then it is told to wait instead. Callers with a role are never turned away by that. 0: without end.",
  },
};
