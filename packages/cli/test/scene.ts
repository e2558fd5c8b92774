import { create } from "@bufbuild/protobuf";
import {
  FailureReason,
  type WorkloadFailure,
  WorkloadFailureSchema,
} from "@persys/client/contract";
import { onTestFinished } from "vitest";
import { FakeAgent, type FakeAgentOptions } from "./fake-agent.ts";
import {
  type Ended,
  persysctl,
  type Running,
  type RunOptions,
  startPersysctl,
} from "./persysctl.ts";

/** A failure that the agent does not try again. */
export const noSuchCommand: WorkloadFailure = create(WorkloadFailureSchema, {
  reason: FailureReason.COMMAND_NOT_FOUND,
  message: "no such command: /bin/nope",
  attempts: 1,
});

/** A stand-in agent and a persysctl that talks to it. */
export interface Scene {
  readonly agent: FakeAgent;
  readonly run: (args: readonly string[], run?: RunOptions) => Promise<Ended>;
  readonly start: (args: readonly string[], run?: RunOptions) => Promise<Running>;
}

/** A scene that is gone when the test has ended. */
export async function scene(options: FakeAgentOptions = {}): Promise<Scene> {
  const agent = await new FakeAgent(options).start();
  onTestFinished(() => agent.stop());
  const env = { PERSYS_ENDPOINT: agent.endpoint };
  const at = (run: RunOptions = {}): RunOptions => ({ ...run, env: { ...env, ...run.env } });
  return {
    agent,
    run: (args: readonly string[], run: RunOptions = {}) => persysctl(args, at(run)),
    start: (args: readonly string[], run: RunOptions = {}) => startPersysctl(args, at(run)),
  };
}
