export type { DomainEvent, DomainEventName, LibvirtEvent } from "./event-stream.ts";
export {
  connectGetAllDomainStatsFlags,
  connectListAllDomainsFlags,
  domainCreateFlags,
  domainDefineFlags,
  domainDestroyFlags,
  domainEventId,
  domainEventType,
  domainInterfaceAddressesSource,
  domainMetadataType,
  domainModificationImpact,
  domainPausedReason,
  domainShutdownFlag,
  domainShutoffReason,
  domainState,
  domainStatsTypes,
  domainUndefineFlags,
  domainXmlFlags,
  errorDomain,
  errorNumber,
  ipAddrType,
  networkUpdateCommand,
  networkUpdateFlags,
  networkUpdateSection,
  typedParameterType,
} from "./gen/constants.ts";
export type {
  Domain,
  DomainStatsRecord,
  EventMessage,
  Network,
  NetworkDhcpLease,
  Procedure,
  Procedures,
  StoragePool,
  StorageVol,
  TypedParam,
} from "./gen/protocol.ts";
export type { KeepaliveOptions } from "./keepalive.ts";
export {
  type ArgsOf,
  type CallOptions,
  LibvirtClient,
  type LibvirtClientOptions,
  type LibvirtConnection,
  type ProcedureName,
  type RetOf,
} from "./libvirt-client.ts";
export {
  LibvirtConnectionError,
  type LibvirtConnectionErrorOptions,
  type LibvirtConnectionFault,
} from "./libvirt-connection-error.ts";
export { defaultLibvirtUri, type LibvirtEndpoint, parseLibvirtUri } from "./libvirt-endpoint.ts";
export { LibvirtError } from "./libvirt-error.ts";
export { type ParameterValue, parametersOf } from "./typed-parameters.ts";
