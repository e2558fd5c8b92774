export { type CommitFault, FailingStateStore } from "./failing-state-store.ts";
export { ManualClock, type ManualClockOptions } from "./manual-clock.ts";
export { SeededRandom } from "./seeded-random.ts";
export { type EventDelivery, SimulatedEvents } from "./simulated-events.ts";
export {
  type FaultableCall,
  type FaultMoment,
  type FaultOptions,
  type HangOptions,
  SimulatedFaults,
} from "./simulated-faults.ts";
export {
  type SimulatedHolding,
  type SimulatedInstance,
  SimulatedInstances,
} from "./simulated-instances.ts";
export {
  type JournalEntry,
  SimulatedJournal,
  type SimulatedOperation,
} from "./simulated-journal.ts";
export { SimulatedRuntime, type SimulatedRuntimeOptions } from "./simulated-runtime.ts";
export { parseSimulatedSpec, type SimulatedSpec } from "./simulated-spec.ts";
export { simulatedSubject } from "./simulated-subject.ts";
export { SimulatedWorld, type SimulatedWorldOptions } from "./simulated-world.ts";
export {
  type CaseContext,
  caseContext,
  type ContractCase,
  type ContractLevel,
} from "./contract-case.ts";
export { ContractViolation, type ViolationDetails } from "./contract-violation.ts";
export {
  type ActionOverrides,
  aRecord,
  aRevision,
  anAction,
  anId,
  type RecordOverrides,
} from "./record-builder.ts";
export { type PortCall, type PortTap, tapRuntime, tapStore } from "./port-tap.ts";
export type { Life } from "./simulation/life.ts";
export { type LifeOptions, type LifeOutcome, liveThrough } from "./simulation/simulated-life.ts";
export {
  type BadSeed,
  commandsOfLife,
  liveSeed,
  namesOf,
  runSeeds,
  type SeedsOutcome,
  type SeedsRequest,
} from "./simulation/run-seeds.ts";
export type {
  ModelConnection,
  ModelDisturbance,
  ModelInstance,
  ModelSpec,
  ModelSurroundings,
  RuntimeModel,
  RuntimeModelFactory,
} from "./simulation/runtime-model.ts";
export { type Shrunk, shrinkLife, type ShrinkOptions } from "./simulation/shrink-life.ts";
export { simulatedModel } from "./simulation/simulated-model.ts";
export { type InvariantName, SimulationViolation } from "./simulation/simulation-violation.ts";
export { stateStoreContract } from "./state-store-contract.ts";
export { type FileChange, ReferenceStateStore } from "./reference-store/reference-state-store.ts";
export {
  type DiskStoreClass,
  referenceStoreHarness,
  type ReferenceStoreOptions,
} from "./reference-store/reference-store-harness.ts";
export {
  RemoteStateStore,
  type RemoteStoreClass,
  type SimulatedServer,
} from "./reference-store/remote-state-store.ts";
export {
  DiskFull,
  type DiskMount,
  PowerLost,
  SimulatedDisk,
} from "./reference-store/simulated-disk.ts";
export type {
  ChildProcessHarness,
  ChildStoreModule,
  EarlierState,
  ExtraStorage,
  LimitedStorage,
  RemoteStorage,
  SlowWay,
  StateStoreHarness,
  StoredBytes,
  StoredEntry,
} from "./store-contract/state-store-harness.ts";
export { runtimeContract } from "./runtime-contract.ts";
export type {
  OutsideChange,
  RuntimeSubject,
  RuntimeSubjectSpecs,
  Stranger,
} from "./runtime-contract/runtime-subject.ts";
export { runCases, type RunOptions, type RunProgress } from "./runner/run-cases.ts";
export { UnknownCaseError } from "./runner/choose-cases.ts";
export {
  type CaseFailure,
  type CaseOutcome,
  type CaseResult,
  isWarning,
  type Report,
} from "./runner/report.ts";
export {
  type ExpectedFailure,
  ExpectedFailuresError,
  parseExpectedFailures,
} from "./runner/expected-failures.ts";
export { judgeReports, type Standing, type Tally, type Verdict } from "./runner/verdict.ts";
export { textReport, type TextReportOptions } from "./runner/text-report.ts";
export { jsonReport, type ReportDocument } from "./runner/json-report.ts";
export { junitReport } from "./runner/junit-report.ts";
export {
  type MatrixFailure,
  type MatrixOptions,
  StoryMatrix,
  type StoryResult,
} from "./crash-matrix/crash-matrix.ts";
export type { CrashWorld, Midway, Mortal, NewCrashWorld } from "./crash-matrix/crash-world.ts";
export { crashFailureLines } from "./crash-matrix/matrix-text.ts";
export { SimulatedCrashWorld } from "./crash-matrix/simulated-crash-world.ts";
export { crashStories } from "./crash-matrix/stories.ts";
export type { Act, CrashStory, Disturbance, Happening, Program } from "./crash-matrix/story.ts";
