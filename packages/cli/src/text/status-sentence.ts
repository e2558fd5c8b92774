import type { WorkloadStatus } from "@persys/client/contract";
import { reasonName } from "./names.ts";

/** What the agent says about a workload; where something failed with the reason, and with what failed even if the agent speaks of more. */
export function statusSentence({ failure, message }: WorkloadStatus): string {
  if (failure === undefined) return message;
  const saysIt = failure.message === "" || message.includes(failure.message);
  return `${reasonName(failure.reason)}: ${saysIt ? message : failure.message}`;
}
