import type { AgentClient } from "@persys/client";
import type { WorkloadType } from "@persys/client/contract";

/** What a workload is made from, as a request carries it. */
export type SpecInit = NonNullable<Parameters<AgentClient["applyWorkload"]>[0]["spec"]>;

/** Labels of a workload. */
export type Labels = Readonly<Record<string, string>>;

/** How to write specs for one type of workload that the server under test runs. */
export interface ApiWorkloads {
  /** What a status says of their type. */
  readonly type: WorkloadType;
  /** What a status says of their runtime, such as `process`. */
  readonly runtime: string;
  /** Runs until it is stopped, and stops within two seconds. Each variant is another spec; the same variant is the same spec. */
  readonly longRunning: (variant: number, labels?: Labels) => SpecInit;
  /** Ends with `code` as soon as it has started, and is not started again by itself. */
  readonly exitsWith: (code: number) => SpecInit;
  /** A spec that breaks a rule at each of `fields`, at least two, which are paths from the root of an ApplyWorkloadRequest. */
  readonly invalid: { readonly spec: SpecInit; readonly fields: readonly string[] };
  /** A spec of another type. The server need not be able to run it. */
  readonly otherType: SpecInit;
  /** Writes the lines, then `tick` at least once a second until it is stopped. Left out: logs are not judged. */
  readonly writes?: (lines: readonly string[]) => SpecInit;
  /** Runs until it is stopped, and carries a secret that no answer may show. Left out: redaction is not judged. */
  readonly withSecret?: (secret: string) => SpecInit;
}

/** A server of persys.agent.v1, in whatever language it is written, and how it is reached. */
export interface ApiSubject {
  /** Where it serves, such as `http://127.0.0.1:50052`. */
  readonly endpoint: string;
  readonly protocol: "grpc" | "connect" | "grpc-web";
  /** For `connect` and `grpc-web`; default `1.1`. gRPC always takes `2`. */
  readonly httpVersion?: "1.1" | "2";
  /** Sent as a bearer token. Left out: the server lets everybody in. */
  readonly token?: string;
  /** For `https:` endpoints: the authorities to trust and a certificate of the client, PEM. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Default: processes of the host. */
  readonly workloads?: ApiWorkloads;
  /** What every id begins with. Default `api-kit`. Nothing else on the server is touched. */
  readonly idPrefix?: string;
  /** How long the server may take to bring a workload into a state, in milliseconds. Default 60,000. */
  readonly patienceMs?: number;
}

/** A subject in which nothing is left out but what may be missing. */
export type ResolvedSubject = ApiSubject &
  Required<Pick<ApiSubject, "httpVersion" | "workloads" | "idPrefix" | "patienceMs">>;
