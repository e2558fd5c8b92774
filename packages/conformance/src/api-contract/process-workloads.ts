import { WorkloadType } from "@persys/client/contract";
import type { ApiWorkloads, Labels, SpecInit } from "./api-subject.ts";

interface Shell {
  readonly script: string;
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Labels;
  readonly policy?: string;
}

function shell({ script, words = [], env = {}, labels = {}, policy = "" }: Shell): SpecInit {
  return {
    spec: {
      case: "process",
      value: {
        command: ["/bin/sh"],
        args: ["-c", script, "sh", ...words],
        env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...env },
        labels: { ...labels },
        restartPolicy: { policy },
        stopGraceSeconds: 2,
      },
    },
  };
}

const runOn = "exec sleep 1000000";

/** Processes of the host, which are shell scripts. */
export const processWorkloads: ApiWorkloads = {
  type: WorkloadType.PROCESS,
  runtime: "process",
  longRunning: (variant, labels = {}) => shell({ script: runOn, words: [String(variant)], labels }),
  exitsWith: (code) => shell({ script: `exit ${code}`, policy: "no" }),
  invalid: {
    spec: {
      spec: {
        case: "process",
        value: { command: [], workingDir: "not/absolute", stopGraceSeconds: 1_000_000 },
      },
    },
    fields: ["spec.process.command", "spec.process.working_dir", "spec.process.stop_grace_seconds"],
  },
  otherType: { spec: { case: "container", value: { image: "busybox:stable" } } },
  writes: (lines) =>
    shell({
      script: 'for line; do echo "$line"; done; while :; do sleep 0.4; echo tick; done',
      words: lines,
    }),
  withSecret: (secret) => shell({ script: runOn, env: { PASSWORD: secret } }),
};
