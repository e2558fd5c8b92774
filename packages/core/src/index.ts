export { AgentError, type AgentErrorOptions, type Violation } from "./errors/agent-error.ts";
export type { Denial } from "./errors/denial.ts";
export { type ErrorCode, errorCodes } from "./errors/error-code.ts";
export { assert, InvariantError, unreachable } from "./errors/assert.ts";
export { SecretTexts } from "./errors/secret-texts.ts";
export { errorWithoutSecrets } from "./errors/without-secrets.ts";

export {
  type Action,
  type ActionStatus,
  actionStatuses,
  type ActionType,
  actionTypes,
} from "./domain/action.ts";
export { canonicalJson } from "./domain/canonical-json.ts";
export type { Healthcheck } from "./domain/container-healthcheck.ts";
export type { TmpfsMount, VolumeMount } from "./domain/container-mounts.ts";
export type { PortMapping } from "./domain/container-network.ts";
export {
  type ContainerSpec,
  containerSpecOf,
  type LogBounds,
  type ParsedContainerSpec,
  parseContainerSpec,
} from "./domain/container-spec.ts";
export {
  type AccountDemand,
  type CapabilityDemand,
  type Demands,
  type DeviceDemand,
  type FieldDemand,
  type HostNamespace,
  type HostNamespaceDemand,
  hostNamespaces,
  type HostPathDemand,
  type ImageDemand,
  type NamedDemand,
  type PortDemand,
  type RepositoryDemand,
  type SecretFileDemand,
  type SecretVariableDemand,
} from "./domain/demands.ts";
export {
  type Failure,
  failureOf,
  type FailureReason,
  observedFailureReasons,
} from "./domain/failure.ts";
export { type HostPolicyRuleId, hostPolicyRuleIds } from "./domain/host-policy/denial.ts";
export { goesUp, isWithin, normalisedPath } from "./domain/host-policy/host-path.ts";
export {
  type AllowedHostPath,
  everydayCapabilities,
  type HostPolicyRules,
  type HostPolicySettingNames,
  type PortRange,
  safeHostPolicyRules,
  standardProtectedPaths,
} from "./domain/host-policy/host-policy-rules.ts";
export { parseIpRange } from "./domain/host-policy/ip-range.ts";
export { policyDenied } from "./domain/host-policy/policy-denied.ts";
export { judgeDemands } from "./domain/host-policy/judge-demands.ts";
export { type SecretReference, secretValueOf } from "./domain/secret-reference.ts";
export { type ImageReference, parseImageReference } from "./domain/image-reference.ts";
export type { Json, JsonObject } from "./domain/json.ts";
export {
  currentInstance,
  type Instance,
  type InstanceExit,
  type InstanceHealth,
  type InstanceState,
  instanceStates,
  isLive,
  keptInstance,
  type Observation,
} from "./domain/observation.ts";
export type { Parsed } from "./domain/parsed.ts";
export {
  type ParsedProcessSpec,
  parseProcessSpec,
  type ProcessSpec,
  processSpecOf,
} from "./domain/process-spec.ts";
export { type ResourceLimits, resourceLimitsSchema } from "./domain/resource-limits.ts";
export {
  completesOnExitZero,
  type RestartPolicy,
  restartPolicy,
  restartPolicyNames,
  type RestartPolicySpec,
} from "./domain/restart-policy.ts";
export { derivedRevisionId, type SpecDigest, specDigest } from "./domain/spec-digest.ts";
export {
  type SealedSecret,
  secretsIn,
  type SpecPath,
  type SpecSecret,
  withSecrets,
} from "./domain/spec-secrets.ts";
export { type ViolationOptions, violationsOf } from "./domain/spec-violations.ts";
export type { RuntimeStep, Step, StepKind, StepTarget } from "./domain/step.ts";
export type { PartUsage, UsageFigures, UsageSnapshot } from "./domain/usage-snapshot.ts";
export {
  type ActualState,
  actualStates,
  type StatusFailure,
  type WorkloadStatus,
} from "./domain/workload-status.ts";
export {
  isWorkloadId,
  parseWorkloadId,
  type WorkloadId,
  workloadIdPattern,
} from "./domain/workload-id.ts";
export {
  type DesiredState,
  freshTrial,
  type Intent,
  isOf,
  type NextCreation,
  type Revision,
  type Trial,
  type WorkloadRecord,
} from "./domain/workload-record.ts";

export {
  type ActionFilter,
  type AgentApi,
  type AgentHealth,
  type ApplyRequest,
  type ApplyResult,
  type Caller,
  type DeleteResult,
  type Explanation,
  type RetryResult,
  type WatchEvent,
  type WatchOptions,
  type WorkloadFilter,
  type WorkloadView,
} from "./ports/agent-api.ts";
export type { Clock } from "./ports/clock.ts";
export {
  fixedHostPolicy,
  type HostPolicy,
  hostPolicyOf,
  type HostPolicySource,
} from "./ports/host-policy.ts";
export { type LogFields, type Logger, silentLogger } from "./ports/logger.ts";
export type { NodeResources, NodeUtilization } from "./ports/node-resources.ts";
export type { Random } from "./ports/random.ts";
export {
  type SealedSpec,
  type SealingKey,
  type SecretOwner,
  type SecretSealer,
  sealSpec,
  unsealSpec,
} from "./ports/secret-sealer.ts";
export type { SecretSource } from "./ports/secret-source.ts";
export type { QuarantinedRecord, StateStore, StoredState, Write } from "./ports/state-store.ts";
export {
  noSpan,
  noTelemetry,
  type Span,
  type SpanOptions,
  type SpanPlace,
  type Telemetry,
  type TelemetryLabels,
} from "./ports/telemetry.ts";
export type {
  Glance,
  LogChunk,
  LogOptions,
  ParsedSpec,
  Progress,
  RuntimeCapabilities,
  RuntimeEvent,
  RuntimeHealth,
  Target,
  TargetName,
  WorkloadRuntime,
} from "./ports/workload-runtime.ts";

export { createEngine } from "./engine/create-engine.ts";
export type { Engine, EngineOptions } from "./engine/engine.ts";
export { defaultEnginePolicy, type EnginePolicy } from "./engine/engine-policy.ts";
