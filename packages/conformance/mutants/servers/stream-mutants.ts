import { watching } from "./alter.ts";
import type { ServerMutant } from "./server-mutant.ts";

/** Wrong ways to tell what happens. */
export const streamMutants: readonly ServerMutant[] = [
  {
    name: "watch-has-no-snapshot",
    breaks: "a watch begins with nothing of what there is",
    clauseHint: "API-080",
    handlers: watching(
      () =>
        ({ event }) =>
          event.case !== "snapshot",
    ),
  },
  {
    name: "watch-tells-of-states-alone",
    breaks: "a watch leaves out changes that are not of the actual state",
    clauseHint: "API-082",
    handlers: watching(() => {
      let last = 0;
      return ({ event }) => {
        if (event.case !== "changed") return true;
        const { actualState } = event.value;
        const isNew = actualState !== last;
        last = actualState;
        return isNew;
      };
    }),
  },
  {
    name: "watch-keeps-silent-about-ends",
    breaks: "a watch does not tell that a workload is gone",
    clauseHint: "API-082",
    handlers: watching(
      () =>
        ({ event }) =>
          event.case !== "deleted",
    ),
  },
  {
    name: "watch-resumes-from-now",
    breaks: "a watch that is resumed does not tell what happened meanwhile",
    clauseHint: "API-083",
    handlers: (sound) => ({
      async *watchWorkloads(request, call) {
        let begun = request.resumeToken === "";
        for await (const event of sound.watchWorkloads(request, call)) {
          begun ||= event.event.case === "synced";
          if (begun) yield event;
        }
      },
    }),
  },
  {
    name: "watch-tells-of-all",
    breaks: "a watch of one id tells of the others, too",
    clauseHint: "API-081",
    handlers: ({ watchWorkloads }) => ({
      watchWorkloads: (request, call) => watchWorkloads({ ...request, id: "" }, call),
    }),
  },
  {
    name: "watch-ends-by-itself",
    breaks: "a watch ends once it has told what there is",
    clauseHint: "API-082",
    handlers: ({ watchWorkloads }) => ({
      async *watchWorkloads(request, call) {
        for await (const event of watchWorkloads(request, call)) {
          yield event;
          if (event.event.case === "synced") return;
        }
      },
    }),
  },
  {
    name: "logs-have-no-tail",
    breaks: "tail_lines is not looked at",
    clauseHint: "API-091",
    handlers: ({ streamLogs }) => ({
      streamLogs: ({ $typeName, id, follow }, call) => streamLogs({ $typeName, id, follow }, call),
    }),
  },
  {
    name: "logs-do-not-follow",
    breaks: "logs that are followed end with what there is",
    clauseHint: "API-092",
    handlers: ({ streamLogs }) => ({
      streamLogs: (request, call) => streamLogs({ ...request, follow: false }, call),
    }),
  },
];
