/**
 * The contract as generated code: the service, its messages and enums, and the details of its errors. Import it from here to build requests
 * (`create(ApplyWorkloadRequestSchema, …)`), to turn messages into JSON, or to serve the contract in a test.
 */
export {
  ActualState,
  ActualStateSchema,
  AgentService,
  ApplyWorkloadRequestSchema,
  ApplyWorkloadResponseSchema,
  DeleteWorkloadResponseSchema,
  DesiredState,
  DesiredStateSchema,
  ExplainWorkloadResponseSchema,
  FailureReason,
  FailureReasonSchema,
  GetWorkloadResponseSchema,
  HealthCheckResponseSchema,
  ListActionsResponseSchema,
  ListWorkloadsResponseSchema,
  LogStream,
  ObservedInstanceSchema,
  RetryWorkloadResponseSchema,
  WatchWorkloadsResponseSchema,
  WorkloadFailureSchema,
  WorkloadHealth,
  WorkloadHealthSchema,
  WorkloadStatusSchema,
  WorkloadType,
  WorkloadTypeSchema,
  WorkloadUsageSnapshotSchema,
} from "@persys/transports/gen";
export type {
  AgentAction,
  ApplyWorkloadRequest,
  ApplyWorkloadResponse,
  DeleteWorkloadResponse,
  ExplainWorkloadResponse,
  GetWorkloadResponse,
  HealthCheckResponse,
  ListActionsResponse,
  ListWorkloadsResponse,
  RetryWorkloadResponse,
  StreamLogsResponse,
  WatchWorkloadsRequest,
  WatchWorkloadsResponse,
  WorkloadFailure,
  WorkloadSpec,
  WorkloadStatus,
} from "@persys/transports/gen";
export {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "@persys/transports/gen/error-details";
export { checkJson, fieldPath, nearest } from "@persys/transports/schema";
