// Made by scripts/libvirt-protocol from the sources of libvirt 9.0.0. Not edited by hand.

import {
  array,
  double,
  field,
  fixedArray,
  int32,
  int64,
  option,
  struct,
  uint32,
  uint64,
  union,
  unionCase,
  type XdrType,
} from "@stellar/js-xdr";
import { nothing, text, uuid } from "../xdr-types.ts";

/** A call: its number in the program, and how what it takes and gives is written. */
export interface Procedure<Args, Ret> {
  readonly number: number;
  readonly args: XdrType<Args>;
  readonly ret: XdrType<Ret>;
}
/** A message of the daemon about a domain: its number in the program, and how it is written. */
export interface EventMessage<Msg> {
  readonly number: number;
  readonly msg: XdrType<Msg>;
}

/** `virNetMessageNonnullDomain` of the protocol. */
export interface MessageDomain {
  readonly name: string;
  readonly uuid: string;
  readonly id: number;
}
const messageDomainSchema: XdrType<MessageDomain> = struct("virNetMessageNonnullDomain", {
  name: text(4194304),
  uuid: uuid(),
  id: int32(),
});

/** `virNetMessageNonnullNetwork` of the protocol. */
export interface MessageNetwork {
  readonly name: string;
  readonly uuid: string;
}
const messageNetworkSchema: XdrType<MessageNetwork> = struct("virNetMessageNonnullNetwork", {
  name: text(4194304),
  uuid: uuid(),
});

/** `virNetMessageError` of the protocol. */
export interface MessageError {
  readonly code: number;
  readonly domain: number;
  readonly message: string | null;
  readonly level: number;
  readonly dom: MessageDomain | null;
  readonly str1: string | null;
  readonly str2: string | null;
  readonly str3: string | null;
  readonly int1: number;
  readonly int2: number;
  readonly net: MessageNetwork | null;
}
const messageErrorSchema: XdrType<MessageError> = struct("virNetMessageError", {
  code: int32(),
  domain: int32(),
  message: option(text(4194304)),
  level: int32(),
  dom: option(messageDomainSchema),
  str1: option(text(4194304)),
  str2: option(text(4194304)),
  str3: option(text(4194304)),
  int1: int32(),
  int2: int32(),
  net: option(messageNetworkSchema),
});

/** `remote_auth_list_ret` of the protocol. */
export interface AuthListRet {
  readonly types: readonly number[];
}
const authListRetSchema: XdrType<AuthListRet> = struct("remote_auth_list_ret", {
  types: array(int32(), 20),
});

/** `remote_auth_polkit_ret` of the protocol. */
export interface AuthPolkitRet {
  readonly complete: number;
}
const authPolkitRetSchema: XdrType<AuthPolkitRet> = struct("remote_auth_polkit_ret", {
  complete: int32(),
});

/** `remote_connect_open_args` of the protocol. */
export interface ConnectOpenArgs {
  readonly name: string | null;
  readonly flags: number;
}
const connectOpenArgsSchema: XdrType<ConnectOpenArgs> = struct("remote_connect_open_args", {
  name: option(text(4194304)),
  flags: uint32(),
});

/** `remote_connect_get_type_ret` of the protocol. */
export interface ConnectGetTypeRet {
  readonly type: string;
}
const connectGetTypeRetSchema: XdrType<ConnectGetTypeRet> = struct("remote_connect_get_type_ret", {
  type: text(4194304),
});

/** `remote_connect_get_version_ret` of the protocol. */
export interface ConnectGetVersionRet {
  readonly hvVer: bigint;
}
const connectGetVersionRetSchema: XdrType<ConnectGetVersionRet> = struct(
  "remote_connect_get_version_ret",
  {
    hvVer: uint64(),
  },
);

/** `remote_connect_get_lib_version_ret` of the protocol. */
export interface ConnectGetLibVersionRet {
  readonly libVer: bigint;
}
const connectGetLibVersionRetSchema: XdrType<ConnectGetLibVersionRet> = struct(
  "remote_connect_get_lib_version_ret",
  {
    libVer: uint64(),
  },
);

/** `remote_connect_get_hostname_ret` of the protocol. */
export interface ConnectGetHostnameRet {
  readonly hostname: string;
}
const connectGetHostnameRetSchema: XdrType<ConnectGetHostnameRet> = struct(
  "remote_connect_get_hostname_ret",
  {
    hostname: text(4194304),
  },
);

/** `remote_connect_get_uri_ret` of the protocol. */
export interface ConnectGetUriRet {
  readonly uri: string;
}
const connectGetUriRetSchema: XdrType<ConnectGetUriRet> = struct("remote_connect_get_uri_ret", {
  uri: text(4194304),
});

/** `remote_connect_get_capabilities_ret` of the protocol. */
export interface ConnectGetCapabilitiesRet {
  readonly capabilities: string;
}
const connectGetCapabilitiesRetSchema: XdrType<ConnectGetCapabilitiesRet> = struct(
  "remote_connect_get_capabilities_ret",
  {
    capabilities: text(4194304),
  },
);

/** `remote_connect_get_domain_capabilities_args` of the protocol. */
export interface ConnectGetDomainCapabilitiesArgs {
  readonly emulatorbin: string | null;
  readonly arch: string | null;
  readonly machine: string | null;
  readonly virttype: string | null;
  readonly flags: number;
}
const connectGetDomainCapabilitiesArgsSchema: XdrType<ConnectGetDomainCapabilitiesArgs> = struct(
  "remote_connect_get_domain_capabilities_args",
  {
    emulatorbin: option(text(4194304)),
    arch: option(text(4194304)),
    machine: option(text(4194304)),
    virttype: option(text(4194304)),
    flags: uint32(),
  },
);

/** `remote_connect_get_domain_capabilities_ret` of the protocol. */
export interface ConnectGetDomainCapabilitiesRet {
  readonly capabilities: string;
}
const connectGetDomainCapabilitiesRetSchema: XdrType<ConnectGetDomainCapabilitiesRet> = struct(
  "remote_connect_get_domain_capabilities_ret",
  {
    capabilities: text(4194304),
  },
);

/** `remote_connect_supports_feature_args` of the protocol. */
export interface ConnectSupportsFeatureArgs {
  readonly feature: number;
}
const connectSupportsFeatureArgsSchema: XdrType<ConnectSupportsFeatureArgs> = struct(
  "remote_connect_supports_feature_args",
  {
    feature: int32(),
  },
);

/** `remote_connect_supports_feature_ret` of the protocol. */
export interface ConnectSupportsFeatureRet {
  readonly supported: number;
}
const connectSupportsFeatureRetSchema: XdrType<ConnectSupportsFeatureRet> = struct(
  "remote_connect_supports_feature_ret",
  {
    supported: int32(),
  },
);

/** `remote_connect_list_all_domains_args` of the protocol. */
export interface ConnectListAllDomainsArgs {
  readonly needResults: number;
  readonly flags: number;
}
const connectListAllDomainsArgsSchema: XdrType<ConnectListAllDomainsArgs> = struct(
  "remote_connect_list_all_domains_args",
  {
    needResults: int32(),
    flags: uint32(),
  },
);

/** `remote_nonnull_domain` of the protocol. */
export interface Domain {
  readonly name: string;
  readonly uuid: string;
  readonly id: number;
}
const domainSchema: XdrType<Domain> = struct("remote_nonnull_domain", {
  name: text(4194304),
  uuid: uuid(),
  id: int32(),
});

/** `remote_connect_list_all_domains_ret` of the protocol. */
export interface ConnectListAllDomainsRet {
  readonly domains: readonly Domain[];
  readonly ret: number;
}
const connectListAllDomainsRetSchema: XdrType<ConnectListAllDomainsRet> = struct(
  "remote_connect_list_all_domains_ret",
  {
    domains: array(domainSchema, 16384),
    ret: uint32(),
  },
);

/** `remote_connect_list_all_networks_args` of the protocol. */
export interface ConnectListAllNetworksArgs {
  readonly needResults: number;
  readonly flags: number;
}
const connectListAllNetworksArgsSchema: XdrType<ConnectListAllNetworksArgs> = struct(
  "remote_connect_list_all_networks_args",
  {
    needResults: int32(),
    flags: uint32(),
  },
);

/** `remote_nonnull_network` of the protocol. */
export interface Network {
  readonly name: string;
  readonly uuid: string;
}
const networkSchema: XdrType<Network> = struct("remote_nonnull_network", {
  name: text(4194304),
  uuid: uuid(),
});

/** `remote_connect_list_all_networks_ret` of the protocol. */
export interface ConnectListAllNetworksRet {
  readonly nets: readonly Network[];
  readonly ret: number;
}
const connectListAllNetworksRetSchema: XdrType<ConnectListAllNetworksRet> = struct(
  "remote_connect_list_all_networks_ret",
  {
    nets: array(networkSchema, 16384),
    ret: uint32(),
  },
);

/** `remote_connect_list_all_storage_pools_args` of the protocol. */
export interface ConnectListAllStoragePoolsArgs {
  readonly needResults: number;
  readonly flags: number;
}
const connectListAllStoragePoolsArgsSchema: XdrType<ConnectListAllStoragePoolsArgs> = struct(
  "remote_connect_list_all_storage_pools_args",
  {
    needResults: int32(),
    flags: uint32(),
  },
);

/** `remote_nonnull_storage_pool` of the protocol. */
export interface StoragePool {
  readonly name: string;
  readonly uuid: string;
}
const storagePoolSchema: XdrType<StoragePool> = struct("remote_nonnull_storage_pool", {
  name: text(4194304),
  uuid: uuid(),
});

/** `remote_connect_list_all_storage_pools_ret` of the protocol. */
export interface ConnectListAllStoragePoolsRet {
  readonly pools: readonly StoragePool[];
  readonly ret: number;
}
const connectListAllStoragePoolsRetSchema: XdrType<ConnectListAllStoragePoolsRet> = struct(
  "remote_connect_list_all_storage_pools_ret",
  {
    pools: array(storagePoolSchema, 16384),
    ret: uint32(),
  },
);

/** `remote_connect_get_all_domain_stats_args` of the protocol. */
export interface ConnectGetAllDomainStatsArgs {
  readonly doms: readonly Domain[];
  readonly stats: number;
  readonly flags: number;
}
const connectGetAllDomainStatsArgsSchema: XdrType<ConnectGetAllDomainStatsArgs> = struct(
  "remote_connect_get_all_domain_stats_args",
  {
    doms: array(domainSchema, 16384),
    stats: uint32(),
    flags: uint32(),
  },
);

/** `remote_typed_param_value` of the protocol. */
export type TypedParamValue =
  | { readonly type: 1; readonly i: number }
  | { readonly type: 2; readonly ui: number }
  | { readonly type: 3; readonly l: bigint }
  | { readonly type: 4; readonly ul: bigint }
  | { readonly type: 5; readonly d: number }
  | { readonly type: 6; readonly b: number }
  | { readonly type: 7; readonly s: string };
const typedParamValueSchema: XdrType<TypedParamValue> = union("remote_typed_param_value", {
  switchOn: int32(),
  cases: [
    unionCase("i", 1, field("i", int32())),
    unionCase("ui", 2, field("ui", uint32())),
    unionCase("l", 3, field("l", int64())),
    unionCase("ul", 4, field("ul", uint64())),
    unionCase("d", 5, field("d", double())),
    unionCase("b", 6, field("b", int32())),
    unionCase("s", 7, field("s", text(4194304))),
  ],
});

/** `remote_typed_param` of the protocol. */
export interface TypedParam {
  readonly field: string;
  readonly value: TypedParamValue;
}
const typedParamSchema: XdrType<TypedParam> = struct("remote_typed_param", {
  field: text(4194304),
  value: typedParamValueSchema,
});

/** `remote_domain_stats_record` of the protocol. */
export interface DomainStatsRecord {
  readonly dom: Domain;
  readonly params: readonly TypedParam[];
}
const domainStatsRecordSchema: XdrType<DomainStatsRecord> = struct("remote_domain_stats_record", {
  dom: domainSchema,
  params: array(typedParamSchema, 262144),
});

/** `remote_connect_get_all_domain_stats_ret` of the protocol. */
export interface ConnectGetAllDomainStatsRet {
  readonly retStats: readonly DomainStatsRecord[];
}
const connectGetAllDomainStatsRetSchema: XdrType<ConnectGetAllDomainStatsRet> = struct(
  "remote_connect_get_all_domain_stats_ret",
  {
    retStats: array(domainStatsRecordSchema, 16384),
  },
);

/** `remote_connect_domain_event_callback_register_any_args` of the protocol. */
export interface ConnectDomainEventCallbackRegisterAnyArgs {
  readonly eventId: number;
  readonly dom: Domain | null;
}
const connectDomainEventCallbackRegisterAnyArgsSchema: XdrType<ConnectDomainEventCallbackRegisterAnyArgs> =
  struct("remote_connect_domain_event_callback_register_any_args", {
    eventId: int32(),
    dom: option(domainSchema),
  });

/** `remote_connect_domain_event_callback_register_any_ret` of the protocol. */
export interface ConnectDomainEventCallbackRegisterAnyRet {
  readonly callbackId: number;
}
const connectDomainEventCallbackRegisterAnyRetSchema: XdrType<ConnectDomainEventCallbackRegisterAnyRet> =
  struct("remote_connect_domain_event_callback_register_any_ret", {
    callbackId: int32(),
  });

/** `remote_connect_domain_event_callback_deregister_any_args` of the protocol. */
export interface ConnectDomainEventCallbackDeregisterAnyArgs {
  readonly callbackId: number;
}
const connectDomainEventCallbackDeregisterAnyArgsSchema: XdrType<ConnectDomainEventCallbackDeregisterAnyArgs> =
  struct("remote_connect_domain_event_callback_deregister_any_args", {
    callbackId: int32(),
  });

/** `remote_node_get_info_ret` of the protocol. */
export interface NodeGetInfoRet {
  readonly model: readonly number[];
  readonly memory: bigint;
  readonly cpus: number;
  readonly mhz: number;
  readonly nodes: number;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}
const nodeGetInfoRetSchema: XdrType<NodeGetInfoRet> = struct("remote_node_get_info_ret", {
  model: fixedArray(int32(), 32),
  memory: uint64(),
  cpus: int32(),
  mhz: int32(),
  nodes: int32(),
  sockets: int32(),
  cores: int32(),
  threads: int32(),
});

/** `remote_node_get_free_memory_ret` of the protocol. */
export interface NodeGetFreeMemoryRet {
  readonly freeMem: bigint;
}
const nodeGetFreeMemoryRetSchema: XdrType<NodeGetFreeMemoryRet> = struct(
  "remote_node_get_free_memory_ret",
  {
    freeMem: uint64(),
  },
);

/** `remote_domain_lookup_by_name_args` of the protocol. */
export interface DomainLookupByNameArgs {
  readonly name: string;
}
const domainLookupByNameArgsSchema: XdrType<DomainLookupByNameArgs> = struct(
  "remote_domain_lookup_by_name_args",
  {
    name: text(4194304),
  },
);

/** `remote_domain_lookup_by_name_ret` of the protocol. */
export interface DomainLookupByNameRet {
  readonly dom: Domain;
}
const domainLookupByNameRetSchema: XdrType<DomainLookupByNameRet> = struct(
  "remote_domain_lookup_by_name_ret",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_lookup_by_uuid_args` of the protocol. */
export interface DomainLookupByUuidArgs {
  readonly uuid: string;
}
const domainLookupByUuidArgsSchema: XdrType<DomainLookupByUuidArgs> = struct(
  "remote_domain_lookup_by_uuid_args",
  {
    uuid: uuid(),
  },
);

/** `remote_domain_lookup_by_uuid_ret` of the protocol. */
export interface DomainLookupByUuidRet {
  readonly dom: Domain;
}
const domainLookupByUuidRetSchema: XdrType<DomainLookupByUuidRet> = struct(
  "remote_domain_lookup_by_uuid_ret",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_define_xml_flags_args` of the protocol. */
export interface DomainDefineXmlFlagsArgs {
  readonly xml: string;
  readonly flags: number;
}
const domainDefineXmlFlagsArgsSchema: XdrType<DomainDefineXmlFlagsArgs> = struct(
  "remote_domain_define_xml_flags_args",
  {
    xml: text(4194304),
    flags: uint32(),
  },
);

/** `remote_domain_define_xml_flags_ret` of the protocol. */
export interface DomainDefineXmlFlagsRet {
  readonly dom: Domain;
}
const domainDefineXmlFlagsRetSchema: XdrType<DomainDefineXmlFlagsRet> = struct(
  "remote_domain_define_xml_flags_ret",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_undefine_flags_args` of the protocol. */
export interface DomainUndefineFlagsArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainUndefineFlagsArgsSchema: XdrType<DomainUndefineFlagsArgs> = struct(
  "remote_domain_undefine_flags_args",
  {
    dom: domainSchema,
    flags: uint32(),
  },
);

/** `remote_domain_create_with_flags_args` of the protocol. */
export interface DomainCreateWithFlagsArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainCreateWithFlagsArgsSchema: XdrType<DomainCreateWithFlagsArgs> = struct(
  "remote_domain_create_with_flags_args",
  {
    dom: domainSchema,
    flags: uint32(),
  },
);

/** `remote_domain_create_with_flags_ret` of the protocol. */
export interface DomainCreateWithFlagsRet {
  readonly dom: Domain;
}
const domainCreateWithFlagsRetSchema: XdrType<DomainCreateWithFlagsRet> = struct(
  "remote_domain_create_with_flags_ret",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_shutdown_flags_args` of the protocol. */
export interface DomainShutdownFlagsArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainShutdownFlagsArgsSchema: XdrType<DomainShutdownFlagsArgs> = struct(
  "remote_domain_shutdown_flags_args",
  {
    dom: domainSchema,
    flags: uint32(),
  },
);

/** `remote_domain_destroy_flags_args` of the protocol. */
export interface DomainDestroyFlagsArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainDestroyFlagsArgsSchema: XdrType<DomainDestroyFlagsArgs> = struct(
  "remote_domain_destroy_flags_args",
  {
    dom: domainSchema,
    flags: uint32(),
  },
);

/** `remote_domain_reboot_args` of the protocol. */
export interface DomainRebootArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainRebootArgsSchema: XdrType<DomainRebootArgs> = struct("remote_domain_reboot_args", {
  dom: domainSchema,
  flags: uint32(),
});

/** `remote_domain_reset_args` of the protocol. */
export interface DomainResetArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainResetArgsSchema: XdrType<DomainResetArgs> = struct("remote_domain_reset_args", {
  dom: domainSchema,
  flags: uint32(),
});

/** `remote_domain_rename_args` of the protocol. */
export interface DomainRenameArgs {
  readonly dom: Domain;
  readonly newName: string | null;
  readonly flags: number;
}
const domainRenameArgsSchema: XdrType<DomainRenameArgs> = struct("remote_domain_rename_args", {
  dom: domainSchema,
  newName: option(text(4194304)),
  flags: uint32(),
});

/** `remote_domain_rename_ret` of the protocol. */
export interface DomainRenameRet {
  readonly retcode: number;
}
const domainRenameRetSchema: XdrType<DomainRenameRet> = struct("remote_domain_rename_ret", {
  retcode: int32(),
});

/** `remote_domain_suspend_args` of the protocol. */
export interface DomainSuspendArgs {
  readonly dom: Domain;
}
const domainSuspendArgsSchema: XdrType<DomainSuspendArgs> = struct("remote_domain_suspend_args", {
  dom: domainSchema,
});

/** `remote_domain_resume_args` of the protocol. */
export interface DomainResumeArgs {
  readonly dom: Domain;
}
const domainResumeArgsSchema: XdrType<DomainResumeArgs> = struct("remote_domain_resume_args", {
  dom: domainSchema,
});

/** `remote_domain_pm_wakeup_args` of the protocol. */
export interface DomainPmWakeupArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainPmWakeupArgsSchema: XdrType<DomainPmWakeupArgs> = struct(
  "remote_domain_pm_wakeup_args",
  {
    dom: domainSchema,
    flags: uint32(),
  },
);

/** `remote_domain_get_state_args` of the protocol. */
export interface DomainGetStateArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainGetStateArgsSchema: XdrType<DomainGetStateArgs> = struct(
  "remote_domain_get_state_args",
  {
    dom: domainSchema,
    flags: uint32(),
  },
);

/** `remote_domain_get_state_ret` of the protocol. */
export interface DomainGetStateRet {
  readonly state: number;
  readonly reason: number;
}
const domainGetStateRetSchema: XdrType<DomainGetStateRet> = struct("remote_domain_get_state_ret", {
  state: int32(),
  reason: int32(),
});

/** `remote_domain_get_info_args` of the protocol. */
export interface DomainGetInfoArgs {
  readonly dom: Domain;
}
const domainGetInfoArgsSchema: XdrType<DomainGetInfoArgs> = struct("remote_domain_get_info_args", {
  dom: domainSchema,
});

/** `remote_domain_get_info_ret` of the protocol. */
export interface DomainGetInfoRet {
  readonly state: number;
  readonly maxMem: bigint;
  readonly memory: bigint;
  readonly nrVirtCpu: number;
  readonly cpuTime: bigint;
}
const domainGetInfoRetSchema: XdrType<DomainGetInfoRet> = struct("remote_domain_get_info_ret", {
  state: uint32(),
  maxMem: uint64(),
  memory: uint64(),
  nrVirtCpu: uint32(),
  cpuTime: uint64(),
});

/** `remote_domain_get_xml_desc_args` of the protocol. */
export interface DomainGetXmlDescArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainGetXmlDescArgsSchema: XdrType<DomainGetXmlDescArgs> = struct(
  "remote_domain_get_xml_desc_args",
  {
    dom: domainSchema,
    flags: uint32(),
  },
);

/** `remote_domain_get_xml_desc_ret` of the protocol. */
export interface DomainGetXmlDescRet {
  readonly xml: string;
}
const domainGetXmlDescRetSchema: XdrType<DomainGetXmlDescRet> = struct(
  "remote_domain_get_xml_desc_ret",
  {
    xml: text(4194304),
  },
);

/** `remote_domain_get_metadata_args` of the protocol. */
export interface DomainGetMetadataArgs {
  readonly dom: Domain;
  readonly type: number;
  readonly uri: string | null;
  readonly flags: number;
}
const domainGetMetadataArgsSchema: XdrType<DomainGetMetadataArgs> = struct(
  "remote_domain_get_metadata_args",
  {
    dom: domainSchema,
    type: int32(),
    uri: option(text(4194304)),
    flags: uint32(),
  },
);

/** `remote_domain_get_metadata_ret` of the protocol. */
export interface DomainGetMetadataRet {
  readonly metadata: string;
}
const domainGetMetadataRetSchema: XdrType<DomainGetMetadataRet> = struct(
  "remote_domain_get_metadata_ret",
  {
    metadata: text(4194304),
  },
);

/** `remote_domain_set_metadata_args` of the protocol. */
export interface DomainSetMetadataArgs {
  readonly dom: Domain;
  readonly type: number;
  readonly metadata: string | null;
  readonly key: string | null;
  readonly uri: string | null;
  readonly flags: number;
}
const domainSetMetadataArgsSchema: XdrType<DomainSetMetadataArgs> = struct(
  "remote_domain_set_metadata_args",
  {
    dom: domainSchema,
    type: int32(),
    metadata: option(text(4194304)),
    key: option(text(4194304)),
    uri: option(text(4194304)),
    flags: uint32(),
  },
);

/** `remote_domain_set_memory_flags_args` of the protocol. */
export interface DomainSetMemoryFlagsArgs {
  readonly dom: Domain;
  readonly memory: bigint;
  readonly flags: number;
}
const domainSetMemoryFlagsArgsSchema: XdrType<DomainSetMemoryFlagsArgs> = struct(
  "remote_domain_set_memory_flags_args",
  {
    dom: domainSchema,
    memory: uint64(),
    flags: uint32(),
  },
);

/** `remote_domain_set_vcpus_flags_args` of the protocol. */
export interface DomainSetVcpusFlagsArgs {
  readonly dom: Domain;
  readonly nvcpus: number;
  readonly flags: number;
}
const domainSetVcpusFlagsArgsSchema: XdrType<DomainSetVcpusFlagsArgs> = struct(
  "remote_domain_set_vcpus_flags_args",
  {
    dom: domainSchema,
    nvcpus: uint32(),
    flags: uint32(),
  },
);

/** `remote_domain_get_autostart_args` of the protocol. */
export interface DomainGetAutostartArgs {
  readonly dom: Domain;
}
const domainGetAutostartArgsSchema: XdrType<DomainGetAutostartArgs> = struct(
  "remote_domain_get_autostart_args",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_get_autostart_ret` of the protocol. */
export interface DomainGetAutostartRet {
  readonly autostart: number;
}
const domainGetAutostartRetSchema: XdrType<DomainGetAutostartRet> = struct(
  "remote_domain_get_autostart_ret",
  {
    autostart: int32(),
  },
);

/** `remote_domain_set_autostart_args` of the protocol. */
export interface DomainSetAutostartArgs {
  readonly dom: Domain;
  readonly autostart: number;
}
const domainSetAutostartArgsSchema: XdrType<DomainSetAutostartArgs> = struct(
  "remote_domain_set_autostart_args",
  {
    dom: domainSchema,
    autostart: int32(),
  },
);

/** `remote_domain_block_resize_args` of the protocol. */
export interface DomainBlockResizeArgs {
  readonly dom: Domain;
  readonly disk: string;
  readonly size: bigint;
  readonly flags: number;
}
const domainBlockResizeArgsSchema: XdrType<DomainBlockResizeArgs> = struct(
  "remote_domain_block_resize_args",
  {
    dom: domainSchema,
    disk: text(4194304),
    size: uint64(),
    flags: uint32(),
  },
);

/** `remote_domain_get_block_info_args` of the protocol. */
export interface DomainGetBlockInfoArgs {
  readonly dom: Domain;
  readonly path: string;
  readonly flags: number;
}
const domainGetBlockInfoArgsSchema: XdrType<DomainGetBlockInfoArgs> = struct(
  "remote_domain_get_block_info_args",
  {
    dom: domainSchema,
    path: text(4194304),
    flags: uint32(),
  },
);

/** `remote_domain_get_block_info_ret` of the protocol. */
export interface DomainGetBlockInfoRet {
  readonly allocation: bigint;
  readonly capacity: bigint;
  readonly physical: bigint;
}
const domainGetBlockInfoRetSchema: XdrType<DomainGetBlockInfoRet> = struct(
  "remote_domain_get_block_info_ret",
  {
    allocation: uint64(),
    capacity: uint64(),
    physical: uint64(),
  },
);

/** `remote_domain_get_disk_errors_args` of the protocol. */
export interface DomainGetDiskErrorsArgs {
  readonly dom: Domain;
  readonly maxerrors: number;
  readonly flags: number;
}
const domainGetDiskErrorsArgsSchema: XdrType<DomainGetDiskErrorsArgs> = struct(
  "remote_domain_get_disk_errors_args",
  {
    dom: domainSchema,
    maxerrors: uint32(),
    flags: uint32(),
  },
);

/** `remote_domain_disk_error` of the protocol. */
export interface DomainDiskError {
  readonly disk: string;
  readonly error: number;
}
const domainDiskErrorSchema: XdrType<DomainDiskError> = struct("remote_domain_disk_error", {
  disk: text(4194304),
  error: int32(),
});

/** `remote_domain_get_disk_errors_ret` of the protocol. */
export interface DomainGetDiskErrorsRet {
  readonly errors: readonly DomainDiskError[];
  readonly nerrors: number;
}
const domainGetDiskErrorsRetSchema: XdrType<DomainGetDiskErrorsRet> = struct(
  "remote_domain_get_disk_errors_ret",
  {
    errors: array(domainDiskErrorSchema, 256),
    nerrors: int32(),
  },
);

/** `remote_domain_attach_device_flags_args` of the protocol. */
export interface DomainAttachDeviceFlagsArgs {
  readonly dom: Domain;
  readonly xml: string;
  readonly flags: number;
}
const domainAttachDeviceFlagsArgsSchema: XdrType<DomainAttachDeviceFlagsArgs> = struct(
  "remote_domain_attach_device_flags_args",
  {
    dom: domainSchema,
    xml: text(4194304),
    flags: uint32(),
  },
);

/** `remote_domain_detach_device_flags_args` of the protocol. */
export interface DomainDetachDeviceFlagsArgs {
  readonly dom: Domain;
  readonly xml: string;
  readonly flags: number;
}
const domainDetachDeviceFlagsArgsSchema: XdrType<DomainDetachDeviceFlagsArgs> = struct(
  "remote_domain_detach_device_flags_args",
  {
    dom: domainSchema,
    xml: text(4194304),
    flags: uint32(),
  },
);

/** `remote_domain_update_device_flags_args` of the protocol. */
export interface DomainUpdateDeviceFlagsArgs {
  readonly dom: Domain;
  readonly xml: string;
  readonly flags: number;
}
const domainUpdateDeviceFlagsArgsSchema: XdrType<DomainUpdateDeviceFlagsArgs> = struct(
  "remote_domain_update_device_flags_args",
  {
    dom: domainSchema,
    xml: text(4194304),
    flags: uint32(),
  },
);

/** `remote_domain_has_managed_save_image_args` of the protocol. */
export interface DomainHasManagedSaveImageArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainHasManagedSaveImageArgsSchema: XdrType<DomainHasManagedSaveImageArgs> = struct(
  "remote_domain_has_managed_save_image_args",
  {
    dom: domainSchema,
    flags: uint32(),
  },
);

/** `remote_domain_has_managed_save_image_ret` of the protocol. */
export interface DomainHasManagedSaveImageRet {
  readonly result: number;
}
const domainHasManagedSaveImageRetSchema: XdrType<DomainHasManagedSaveImageRet> = struct(
  "remote_domain_has_managed_save_image_ret",
  {
    result: int32(),
  },
);

/** `remote_domain_managed_save_remove_args` of the protocol. */
export interface DomainManagedSaveRemoveArgs {
  readonly dom: Domain;
  readonly flags: number;
}
const domainManagedSaveRemoveArgsSchema: XdrType<DomainManagedSaveRemoveArgs> = struct(
  "remote_domain_managed_save_remove_args",
  {
    dom: domainSchema,
    flags: uint32(),
  },
);

/** `remote_domain_interface_addresses_args` of the protocol. */
export interface DomainInterfaceAddressesArgs {
  readonly dom: Domain;
  readonly source: number;
  readonly flags: number;
}
const domainInterfaceAddressesArgsSchema: XdrType<DomainInterfaceAddressesArgs> = struct(
  "remote_domain_interface_addresses_args",
  {
    dom: domainSchema,
    source: uint32(),
    flags: uint32(),
  },
);

/** `remote_domain_ip_addr` of the protocol. */
export interface DomainIpAddr {
  readonly type: number;
  readonly addr: string;
  readonly prefix: number;
}
const domainIpAddrSchema: XdrType<DomainIpAddr> = struct("remote_domain_ip_addr", {
  type: int32(),
  addr: text(4194304),
  prefix: uint32(),
});

/** `remote_domain_interface` of the protocol. */
export interface DomainInterface {
  readonly name: string;
  readonly hwaddr: string | null;
  readonly addrs: readonly DomainIpAddr[];
}
const domainInterfaceSchema: XdrType<DomainInterface> = struct("remote_domain_interface", {
  name: text(4194304),
  hwaddr: option(text(4194304)),
  addrs: array(domainIpAddrSchema, 2048),
});

/** `remote_domain_interface_addresses_ret` of the protocol. */
export interface DomainInterfaceAddressesRet {
  readonly ifaces: readonly DomainInterface[];
}
const domainInterfaceAddressesRetSchema: XdrType<DomainInterfaceAddressesRet> = struct(
  "remote_domain_interface_addresses_ret",
  {
    ifaces: array(domainInterfaceSchema, 2048),
  },
);

/** `remote_domain_is_active_args` of the protocol. */
export interface DomainIsActiveArgs {
  readonly dom: Domain;
}
const domainIsActiveArgsSchema: XdrType<DomainIsActiveArgs> = struct(
  "remote_domain_is_active_args",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_is_active_ret` of the protocol. */
export interface DomainIsActiveRet {
  readonly active: number;
}
const domainIsActiveRetSchema: XdrType<DomainIsActiveRet> = struct("remote_domain_is_active_ret", {
  active: int32(),
});

/** `remote_domain_is_persistent_args` of the protocol. */
export interface DomainIsPersistentArgs {
  readonly dom: Domain;
}
const domainIsPersistentArgsSchema: XdrType<DomainIsPersistentArgs> = struct(
  "remote_domain_is_persistent_args",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_is_persistent_ret` of the protocol. */
export interface DomainIsPersistentRet {
  readonly persistent: number;
}
const domainIsPersistentRetSchema: XdrType<DomainIsPersistentRet> = struct(
  "remote_domain_is_persistent_ret",
  {
    persistent: int32(),
  },
);

/** `remote_network_lookup_by_name_args` of the protocol. */
export interface NetworkLookupByNameArgs {
  readonly name: string;
}
const networkLookupByNameArgsSchema: XdrType<NetworkLookupByNameArgs> = struct(
  "remote_network_lookup_by_name_args",
  {
    name: text(4194304),
  },
);

/** `remote_network_lookup_by_name_ret` of the protocol. */
export interface NetworkLookupByNameRet {
  readonly net: Network;
}
const networkLookupByNameRetSchema: XdrType<NetworkLookupByNameRet> = struct(
  "remote_network_lookup_by_name_ret",
  {
    net: networkSchema,
  },
);

/** `remote_network_define_xml_args` of the protocol. */
export interface NetworkDefineXmlArgs {
  readonly xml: string;
}
const networkDefineXmlArgsSchema: XdrType<NetworkDefineXmlArgs> = struct(
  "remote_network_define_xml_args",
  {
    xml: text(4194304),
  },
);

/** `remote_network_define_xml_ret` of the protocol. */
export interface NetworkDefineXmlRet {
  readonly net: Network;
}
const networkDefineXmlRetSchema: XdrType<NetworkDefineXmlRet> = struct(
  "remote_network_define_xml_ret",
  {
    net: networkSchema,
  },
);

/** `remote_network_undefine_args` of the protocol. */
export interface NetworkUndefineArgs {
  readonly net: Network;
}
const networkUndefineArgsSchema: XdrType<NetworkUndefineArgs> = struct(
  "remote_network_undefine_args",
  {
    net: networkSchema,
  },
);

/** `remote_network_create_args` of the protocol. */
export interface NetworkCreateArgs {
  readonly net: Network;
}
const networkCreateArgsSchema: XdrType<NetworkCreateArgs> = struct("remote_network_create_args", {
  net: networkSchema,
});

/** `remote_network_destroy_args` of the protocol. */
export interface NetworkDestroyArgs {
  readonly net: Network;
}
const networkDestroyArgsSchema: XdrType<NetworkDestroyArgs> = struct(
  "remote_network_destroy_args",
  {
    net: networkSchema,
  },
);

/** `remote_network_is_active_args` of the protocol. */
export interface NetworkIsActiveArgs {
  readonly net: Network;
}
const networkIsActiveArgsSchema: XdrType<NetworkIsActiveArgs> = struct(
  "remote_network_is_active_args",
  {
    net: networkSchema,
  },
);

/** `remote_network_is_active_ret` of the protocol. */
export interface NetworkIsActiveRet {
  readonly active: number;
}
const networkIsActiveRetSchema: XdrType<NetworkIsActiveRet> = struct(
  "remote_network_is_active_ret",
  {
    active: int32(),
  },
);

/** `remote_network_get_xml_desc_args` of the protocol. */
export interface NetworkGetXmlDescArgs {
  readonly net: Network;
  readonly flags: number;
}
const networkGetXmlDescArgsSchema: XdrType<NetworkGetXmlDescArgs> = struct(
  "remote_network_get_xml_desc_args",
  {
    net: networkSchema,
    flags: uint32(),
  },
);

/** `remote_network_get_xml_desc_ret` of the protocol. */
export interface NetworkGetXmlDescRet {
  readonly xml: string;
}
const networkGetXmlDescRetSchema: XdrType<NetworkGetXmlDescRet> = struct(
  "remote_network_get_xml_desc_ret",
  {
    xml: text(4194304),
  },
);

/** `remote_network_get_bridge_name_args` of the protocol. */
export interface NetworkGetBridgeNameArgs {
  readonly net: Network;
}
const networkGetBridgeNameArgsSchema: XdrType<NetworkGetBridgeNameArgs> = struct(
  "remote_network_get_bridge_name_args",
  {
    net: networkSchema,
  },
);

/** `remote_network_get_bridge_name_ret` of the protocol. */
export interface NetworkGetBridgeNameRet {
  readonly name: string;
}
const networkGetBridgeNameRetSchema: XdrType<NetworkGetBridgeNameRet> = struct(
  "remote_network_get_bridge_name_ret",
  {
    name: text(4194304),
  },
);

/** `remote_network_get_dhcp_leases_args` of the protocol. */
export interface NetworkGetDhcpLeasesArgs {
  readonly net: Network;
  readonly mac: string | null;
  readonly needResults: number;
  readonly flags: number;
}
const networkGetDhcpLeasesArgsSchema: XdrType<NetworkGetDhcpLeasesArgs> = struct(
  "remote_network_get_dhcp_leases_args",
  {
    net: networkSchema,
    mac: option(text(4194304)),
    needResults: int32(),
    flags: uint32(),
  },
);

/** `remote_network_dhcp_lease` of the protocol. */
export interface NetworkDhcpLease {
  readonly iface: string;
  readonly expirytime: bigint;
  readonly type: number;
  readonly mac: string | null;
  readonly iaid: string | null;
  readonly ipaddr: string;
  readonly prefix: number;
  readonly hostname: string | null;
  readonly clientid: string | null;
}
const networkDhcpLeaseSchema: XdrType<NetworkDhcpLease> = struct("remote_network_dhcp_lease", {
  iface: text(4194304),
  expirytime: int64(),
  type: int32(),
  mac: option(text(4194304)),
  iaid: option(text(4194304)),
  ipaddr: text(4194304),
  prefix: uint32(),
  hostname: option(text(4194304)),
  clientid: option(text(4194304)),
});

/** `remote_network_get_dhcp_leases_ret` of the protocol. */
export interface NetworkGetDhcpLeasesRet {
  readonly leases: readonly NetworkDhcpLease[];
  readonly ret: number;
}
const networkGetDhcpLeasesRetSchema: XdrType<NetworkGetDhcpLeasesRet> = struct(
  "remote_network_get_dhcp_leases_ret",
  {
    leases: array(networkDhcpLeaseSchema, 65536),
    ret: uint32(),
  },
);

/** `remote_network_update_args` of the protocol. */
export interface NetworkUpdateArgs {
  readonly net: Network;
  readonly command: number;
  readonly section: number;
  readonly parentIndex: number;
  readonly xml: string;
  readonly flags: number;
}
const networkUpdateArgsSchema: XdrType<NetworkUpdateArgs> = struct("remote_network_update_args", {
  net: networkSchema,
  command: uint32(),
  section: uint32(),
  parentIndex: int32(),
  xml: text(4194304),
  flags: uint32(),
});

/** `remote_storage_pool_lookup_by_name_args` of the protocol. */
export interface StoragePoolLookupByNameArgs {
  readonly name: string;
}
const storagePoolLookupByNameArgsSchema: XdrType<StoragePoolLookupByNameArgs> = struct(
  "remote_storage_pool_lookup_by_name_args",
  {
    name: text(4194304),
  },
);

/** `remote_storage_pool_lookup_by_name_ret` of the protocol. */
export interface StoragePoolLookupByNameRet {
  readonly pool: StoragePool;
}
const storagePoolLookupByNameRetSchema: XdrType<StoragePoolLookupByNameRet> = struct(
  "remote_storage_pool_lookup_by_name_ret",
  {
    pool: storagePoolSchema,
  },
);

/** `remote_storage_pool_refresh_args` of the protocol. */
export interface StoragePoolRefreshArgs {
  readonly pool: StoragePool;
  readonly flags: number;
}
const storagePoolRefreshArgsSchema: XdrType<StoragePoolRefreshArgs> = struct(
  "remote_storage_pool_refresh_args",
  {
    pool: storagePoolSchema,
    flags: uint32(),
  },
);

/** `remote_storage_pool_get_info_args` of the protocol. */
export interface StoragePoolGetInfoArgs {
  readonly pool: StoragePool;
}
const storagePoolGetInfoArgsSchema: XdrType<StoragePoolGetInfoArgs> = struct(
  "remote_storage_pool_get_info_args",
  {
    pool: storagePoolSchema,
  },
);

/** `remote_storage_pool_get_info_ret` of the protocol. */
export interface StoragePoolGetInfoRet {
  readonly state: number;
  readonly capacity: bigint;
  readonly allocation: bigint;
  readonly available: bigint;
}
const storagePoolGetInfoRetSchema: XdrType<StoragePoolGetInfoRet> = struct(
  "remote_storage_pool_get_info_ret",
  {
    state: uint32(),
    capacity: uint64(),
    allocation: uint64(),
    available: uint64(),
  },
);

/** `remote_storage_pool_get_xml_desc_args` of the protocol. */
export interface StoragePoolGetXmlDescArgs {
  readonly pool: StoragePool;
  readonly flags: number;
}
const storagePoolGetXmlDescArgsSchema: XdrType<StoragePoolGetXmlDescArgs> = struct(
  "remote_storage_pool_get_xml_desc_args",
  {
    pool: storagePoolSchema,
    flags: uint32(),
  },
);

/** `remote_storage_pool_get_xml_desc_ret` of the protocol. */
export interface StoragePoolGetXmlDescRet {
  readonly xml: string;
}
const storagePoolGetXmlDescRetSchema: XdrType<StoragePoolGetXmlDescRet> = struct(
  "remote_storage_pool_get_xml_desc_ret",
  {
    xml: text(4194304),
  },
);

/** `remote_storage_pool_list_all_volumes_args` of the protocol. */
export interface StoragePoolListAllVolumesArgs {
  readonly pool: StoragePool;
  readonly needResults: number;
  readonly flags: number;
}
const storagePoolListAllVolumesArgsSchema: XdrType<StoragePoolListAllVolumesArgs> = struct(
  "remote_storage_pool_list_all_volumes_args",
  {
    pool: storagePoolSchema,
    needResults: int32(),
    flags: uint32(),
  },
);

/** `remote_nonnull_storage_vol` of the protocol. */
export interface StorageVol {
  readonly pool: string;
  readonly name: string;
  readonly key: string;
}
const storageVolSchema: XdrType<StorageVol> = struct("remote_nonnull_storage_vol", {
  pool: text(4194304),
  name: text(4194304),
  key: text(4194304),
});

/** `remote_storage_pool_list_all_volumes_ret` of the protocol. */
export interface StoragePoolListAllVolumesRet {
  readonly vols: readonly StorageVol[];
  readonly ret: number;
}
const storagePoolListAllVolumesRetSchema: XdrType<StoragePoolListAllVolumesRet> = struct(
  "remote_storage_pool_list_all_volumes_ret",
  {
    vols: array(storageVolSchema, 16384),
    ret: uint32(),
  },
);

/** `remote_storage_vol_create_xml_args` of the protocol. */
export interface StorageVolCreateXmlArgs {
  readonly pool: StoragePool;
  readonly xml: string;
  readonly flags: number;
}
const storageVolCreateXmlArgsSchema: XdrType<StorageVolCreateXmlArgs> = struct(
  "remote_storage_vol_create_xml_args",
  {
    pool: storagePoolSchema,
    xml: text(4194304),
    flags: uint32(),
  },
);

/** `remote_storage_vol_create_xml_ret` of the protocol. */
export interface StorageVolCreateXmlRet {
  readonly vol: StorageVol;
}
const storageVolCreateXmlRetSchema: XdrType<StorageVolCreateXmlRet> = struct(
  "remote_storage_vol_create_xml_ret",
  {
    vol: storageVolSchema,
  },
);

/** `remote_storage_vol_create_xml_from_args` of the protocol. */
export interface StorageVolCreateXmlFromArgs {
  readonly pool: StoragePool;
  readonly xml: string;
  readonly clonevol: StorageVol;
  readonly flags: number;
}
const storageVolCreateXmlFromArgsSchema: XdrType<StorageVolCreateXmlFromArgs> = struct(
  "remote_storage_vol_create_xml_from_args",
  {
    pool: storagePoolSchema,
    xml: text(4194304),
    clonevol: storageVolSchema,
    flags: uint32(),
  },
);

/** `remote_storage_vol_create_xml_from_ret` of the protocol. */
export interface StorageVolCreateXmlFromRet {
  readonly vol: StorageVol;
}
const storageVolCreateXmlFromRetSchema: XdrType<StorageVolCreateXmlFromRet> = struct(
  "remote_storage_vol_create_xml_from_ret",
  {
    vol: storageVolSchema,
  },
);

/** `remote_storage_vol_delete_args` of the protocol. */
export interface StorageVolDeleteArgs {
  readonly vol: StorageVol;
  readonly flags: number;
}
const storageVolDeleteArgsSchema: XdrType<StorageVolDeleteArgs> = struct(
  "remote_storage_vol_delete_args",
  {
    vol: storageVolSchema,
    flags: uint32(),
  },
);

/** `remote_storage_vol_get_info_args` of the protocol. */
export interface StorageVolGetInfoArgs {
  readonly vol: StorageVol;
}
const storageVolGetInfoArgsSchema: XdrType<StorageVolGetInfoArgs> = struct(
  "remote_storage_vol_get_info_args",
  {
    vol: storageVolSchema,
  },
);

/** `remote_storage_vol_get_info_ret` of the protocol. */
export interface StorageVolGetInfoRet {
  readonly type: number;
  readonly capacity: bigint;
  readonly allocation: bigint;
}
const storageVolGetInfoRetSchema: XdrType<StorageVolGetInfoRet> = struct(
  "remote_storage_vol_get_info_ret",
  {
    type: int32(),
    capacity: uint64(),
    allocation: uint64(),
  },
);

/** `remote_storage_vol_get_path_args` of the protocol. */
export interface StorageVolGetPathArgs {
  readonly vol: StorageVol;
}
const storageVolGetPathArgsSchema: XdrType<StorageVolGetPathArgs> = struct(
  "remote_storage_vol_get_path_args",
  {
    vol: storageVolSchema,
  },
);

/** `remote_storage_vol_get_path_ret` of the protocol. */
export interface StorageVolGetPathRet {
  readonly name: string;
}
const storageVolGetPathRetSchema: XdrType<StorageVolGetPathRet> = struct(
  "remote_storage_vol_get_path_ret",
  {
    name: text(4194304),
  },
);

/** `remote_storage_vol_lookup_by_name_args` of the protocol. */
export interface StorageVolLookupByNameArgs {
  readonly pool: StoragePool;
  readonly name: string;
}
const storageVolLookupByNameArgsSchema: XdrType<StorageVolLookupByNameArgs> = struct(
  "remote_storage_vol_lookup_by_name_args",
  {
    pool: storagePoolSchema,
    name: text(4194304),
  },
);

/** `remote_storage_vol_lookup_by_name_ret` of the protocol. */
export interface StorageVolLookupByNameRet {
  readonly vol: StorageVol;
}
const storageVolLookupByNameRetSchema: XdrType<StorageVolLookupByNameRet> = struct(
  "remote_storage_vol_lookup_by_name_ret",
  {
    vol: storageVolSchema,
  },
);

/** `remote_storage_vol_lookup_by_path_args` of the protocol. */
export interface StorageVolLookupByPathArgs {
  readonly path: string;
}
const storageVolLookupByPathArgsSchema: XdrType<StorageVolLookupByPathArgs> = struct(
  "remote_storage_vol_lookup_by_path_args",
  {
    path: text(4194304),
  },
);

/** `remote_storage_vol_lookup_by_path_ret` of the protocol. */
export interface StorageVolLookupByPathRet {
  readonly vol: StorageVol;
}
const storageVolLookupByPathRetSchema: XdrType<StorageVolLookupByPathRet> = struct(
  "remote_storage_vol_lookup_by_path_ret",
  {
    vol: storageVolSchema,
  },
);

/** `remote_storage_vol_resize_args` of the protocol. */
export interface StorageVolResizeArgs {
  readonly vol: StorageVol;
  readonly capacity: bigint;
  readonly flags: number;
}
const storageVolResizeArgsSchema: XdrType<StorageVolResizeArgs> = struct(
  "remote_storage_vol_resize_args",
  {
    vol: storageVolSchema,
    capacity: uint64(),
    flags: uint32(),
  },
);

/** `remote_domain_event_callback_agent_lifecycle_msg` of the protocol. */
export interface DomainEventCallbackAgentLifecycleMsg {
  readonly callbackId: number;
  readonly dom: Domain;
  readonly state: number;
  readonly reason: number;
}
const domainEventCallbackAgentLifecycleMsgSchema: XdrType<DomainEventCallbackAgentLifecycleMsg> =
  struct("remote_domain_event_callback_agent_lifecycle_msg", {
    callbackId: int32(),
    dom: domainSchema,
    state: int32(),
    reason: int32(),
  });

/** `remote_domain_event_balloon_change_msg` of the protocol. */
export interface DomainEventBalloonChangeMsg {
  readonly dom: Domain;
  readonly actual: bigint;
}
const domainEventBalloonChangeMsgSchema: XdrType<DomainEventBalloonChangeMsg> = struct(
  "remote_domain_event_balloon_change_msg",
  {
    dom: domainSchema,
    actual: uint64(),
  },
);

/** `remote_domain_event_callback_balloon_change_msg` of the protocol. */
export interface DomainEventCallbackBalloonChangeMsg {
  readonly callbackId: number;
  readonly msg: DomainEventBalloonChangeMsg;
}
const domainEventCallbackBalloonChangeMsgSchema: XdrType<DomainEventCallbackBalloonChangeMsg> =
  struct("remote_domain_event_callback_balloon_change_msg", {
    callbackId: int32(),
    msg: domainEventBalloonChangeMsgSchema,
  });

/** `remote_domain_event_block_job_msg` of the protocol. */
export interface DomainEventBlockJobMsg {
  readonly dom: Domain;
  readonly path: string;
  readonly type: number;
  readonly status: number;
}
const domainEventBlockJobMsgSchema: XdrType<DomainEventBlockJobMsg> = struct(
  "remote_domain_event_block_job_msg",
  {
    dom: domainSchema,
    path: text(4194304),
    type: int32(),
    status: int32(),
  },
);

/** `remote_domain_event_callback_block_job_msg` of the protocol. */
export interface DomainEventCallbackBlockJobMsg {
  readonly callbackId: number;
  readonly msg: DomainEventBlockJobMsg;
}
const domainEventCallbackBlockJobMsgSchema: XdrType<DomainEventCallbackBlockJobMsg> = struct(
  "remote_domain_event_callback_block_job_msg",
  {
    callbackId: int32(),
    msg: domainEventBlockJobMsgSchema,
  },
);

/** `remote_domain_event_control_error_msg` of the protocol. */
export interface DomainEventControlErrorMsg {
  readonly dom: Domain;
}
const domainEventControlErrorMsgSchema: XdrType<DomainEventControlErrorMsg> = struct(
  "remote_domain_event_control_error_msg",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_event_callback_control_error_msg` of the protocol. */
export interface DomainEventCallbackControlErrorMsg {
  readonly callbackId: number;
  readonly msg: DomainEventControlErrorMsg;
}
const domainEventCallbackControlErrorMsgSchema: XdrType<DomainEventCallbackControlErrorMsg> =
  struct("remote_domain_event_callback_control_error_msg", {
    callbackId: int32(),
    msg: domainEventControlErrorMsgSchema,
  });

/** `remote_domain_event_device_removed_msg` of the protocol. */
export interface DomainEventDeviceRemovedMsg {
  readonly dom: Domain;
  readonly devAlias: string;
}
const domainEventDeviceRemovedMsgSchema: XdrType<DomainEventDeviceRemovedMsg> = struct(
  "remote_domain_event_device_removed_msg",
  {
    dom: domainSchema,
    devAlias: text(4194304),
  },
);

/** `remote_domain_event_callback_device_removed_msg` of the protocol. */
export interface DomainEventCallbackDeviceRemovedMsg {
  readonly callbackId: number;
  readonly msg: DomainEventDeviceRemovedMsg;
}
const domainEventCallbackDeviceRemovedMsgSchema: XdrType<DomainEventCallbackDeviceRemovedMsg> =
  struct("remote_domain_event_callback_device_removed_msg", {
    callbackId: int32(),
    msg: domainEventDeviceRemovedMsgSchema,
  });

/** `remote_domain_event_io_error_reason_msg` of the protocol. */
export interface DomainEventIoErrorReasonMsg {
  readonly dom: Domain;
  readonly srcPath: string;
  readonly devAlias: string;
  readonly action: number;
  readonly reason: string;
}
const domainEventIoErrorReasonMsgSchema: XdrType<DomainEventIoErrorReasonMsg> = struct(
  "remote_domain_event_io_error_reason_msg",
  {
    dom: domainSchema,
    srcPath: text(4194304),
    devAlias: text(4194304),
    action: int32(),
    reason: text(4194304),
  },
);

/** `remote_domain_event_callback_io_error_reason_msg` of the protocol. */
export interface DomainEventCallbackIoErrorReasonMsg {
  readonly callbackId: number;
  readonly msg: DomainEventIoErrorReasonMsg;
}
const domainEventCallbackIoErrorReasonMsgSchema: XdrType<DomainEventCallbackIoErrorReasonMsg> =
  struct("remote_domain_event_callback_io_error_reason_msg", {
    callbackId: int32(),
    msg: domainEventIoErrorReasonMsgSchema,
  });

/** `remote_domain_event_lifecycle_msg` of the protocol. */
export interface DomainEventLifecycleMsg {
  readonly dom: Domain;
  readonly event: number;
  readonly detail: number;
}
const domainEventLifecycleMsgSchema: XdrType<DomainEventLifecycleMsg> = struct(
  "remote_domain_event_lifecycle_msg",
  {
    dom: domainSchema,
    event: int32(),
    detail: int32(),
  },
);

/** `remote_domain_event_callback_lifecycle_msg` of the protocol. */
export interface DomainEventCallbackLifecycleMsg {
  readonly callbackId: number;
  readonly msg: DomainEventLifecycleMsg;
}
const domainEventCallbackLifecycleMsgSchema: XdrType<DomainEventCallbackLifecycleMsg> = struct(
  "remote_domain_event_callback_lifecycle_msg",
  {
    callbackId: int32(),
    msg: domainEventLifecycleMsgSchema,
  },
);

/** `remote_domain_event_callback_metadata_change_msg` of the protocol. */
export interface DomainEventCallbackMetadataChangeMsg {
  readonly callbackId: number;
  readonly dom: Domain;
  readonly type: number;
  readonly nsuri: string | null;
}
const domainEventCallbackMetadataChangeMsgSchema: XdrType<DomainEventCallbackMetadataChangeMsg> =
  struct("remote_domain_event_callback_metadata_change_msg", {
    callbackId: int32(),
    dom: domainSchema,
    type: int32(),
    nsuri: option(text(4194304)),
  });

/** `remote_domain_event_pmsuspend_msg` of the protocol. */
export interface DomainEventPmsuspendMsg {
  readonly dom: Domain;
}
const domainEventPmsuspendMsgSchema: XdrType<DomainEventPmsuspendMsg> = struct(
  "remote_domain_event_pmsuspend_msg",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_event_callback_pmsuspend_msg` of the protocol. */
export interface DomainEventCallbackPmsuspendMsg {
  readonly callbackId: number;
  readonly reason: number;
  readonly msg: DomainEventPmsuspendMsg;
}
const domainEventCallbackPmsuspendMsgSchema: XdrType<DomainEventCallbackPmsuspendMsg> = struct(
  "remote_domain_event_callback_pmsuspend_msg",
  {
    callbackId: int32(),
    reason: int32(),
    msg: domainEventPmsuspendMsgSchema,
  },
);

/** `remote_domain_event_pmsuspend_disk_msg` of the protocol. */
export interface DomainEventPmsuspendDiskMsg {
  readonly dom: Domain;
}
const domainEventPmsuspendDiskMsgSchema: XdrType<DomainEventPmsuspendDiskMsg> = struct(
  "remote_domain_event_pmsuspend_disk_msg",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_event_callback_pmsuspend_disk_msg` of the protocol. */
export interface DomainEventCallbackPmsuspendDiskMsg {
  readonly callbackId: number;
  readonly reason: number;
  readonly msg: DomainEventPmsuspendDiskMsg;
}
const domainEventCallbackPmsuspendDiskMsgSchema: XdrType<DomainEventCallbackPmsuspendDiskMsg> =
  struct("remote_domain_event_callback_pmsuspend_disk_msg", {
    callbackId: int32(),
    reason: int32(),
    msg: domainEventPmsuspendDiskMsgSchema,
  });

/** `remote_domain_event_pmwakeup_msg` of the protocol. */
export interface DomainEventPmwakeupMsg {
  readonly dom: Domain;
}
const domainEventPmwakeupMsgSchema: XdrType<DomainEventPmwakeupMsg> = struct(
  "remote_domain_event_pmwakeup_msg",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_event_callback_pmwakeup_msg` of the protocol. */
export interface DomainEventCallbackPmwakeupMsg {
  readonly callbackId: number;
  readonly reason: number;
  readonly msg: DomainEventPmwakeupMsg;
}
const domainEventCallbackPmwakeupMsgSchema: XdrType<DomainEventCallbackPmwakeupMsg> = struct(
  "remote_domain_event_callback_pmwakeup_msg",
  {
    callbackId: int32(),
    reason: int32(),
    msg: domainEventPmwakeupMsgSchema,
  },
);

/** `remote_domain_event_reboot_msg` of the protocol. */
export interface DomainEventRebootMsg {
  readonly dom: Domain;
}
const domainEventRebootMsgSchema: XdrType<DomainEventRebootMsg> = struct(
  "remote_domain_event_reboot_msg",
  {
    dom: domainSchema,
  },
);

/** `remote_domain_event_callback_reboot_msg` of the protocol. */
export interface DomainEventCallbackRebootMsg {
  readonly callbackId: number;
  readonly msg: DomainEventRebootMsg;
}
const domainEventCallbackRebootMsgSchema: XdrType<DomainEventCallbackRebootMsg> = struct(
  "remote_domain_event_callback_reboot_msg",
  {
    callbackId: int32(),
    msg: domainEventRebootMsgSchema,
  },
);

/** `remote_domain_event_watchdog_msg` of the protocol. */
export interface DomainEventWatchdogMsg {
  readonly dom: Domain;
  readonly action: number;
}
const domainEventWatchdogMsgSchema: XdrType<DomainEventWatchdogMsg> = struct(
  "remote_domain_event_watchdog_msg",
  {
    dom: domainSchema,
    action: int32(),
  },
);

/** `remote_domain_event_callback_watchdog_msg` of the protocol. */
export interface DomainEventCallbackWatchdogMsg {
  readonly callbackId: number;
  readonly msg: DomainEventWatchdogMsg;
}
const domainEventCallbackWatchdogMsgSchema: XdrType<DomainEventCallbackWatchdogMsg> = struct(
  "remote_domain_event_callback_watchdog_msg",
  {
    callbackId: int32(),
    msg: domainEventWatchdogMsgSchema,
  },
);

/** How the daemon tells why a call has failed. */
export const libvirtError: XdrType<MessageError> = messageErrorSchema;
/** Every call that can be made, by its name. */
export interface Procedures {
  readonly authList: Procedure<void, AuthListRet>;
  readonly authPolkit: Procedure<void, AuthPolkitRet>;
  readonly connectOpen: Procedure<ConnectOpenArgs, void>;
  readonly connectClose: Procedure<void, void>;
  readonly connectGetType: Procedure<void, ConnectGetTypeRet>;
  readonly connectGetVersion: Procedure<void, ConnectGetVersionRet>;
  readonly connectGetLibVersion: Procedure<void, ConnectGetLibVersionRet>;
  readonly connectGetHostname: Procedure<void, ConnectGetHostnameRet>;
  readonly connectGetUri: Procedure<void, ConnectGetUriRet>;
  readonly connectGetCapabilities: Procedure<void, ConnectGetCapabilitiesRet>;
  readonly connectGetDomainCapabilities: Procedure<
    ConnectGetDomainCapabilitiesArgs,
    ConnectGetDomainCapabilitiesRet
  >;
  readonly connectSupportsFeature: Procedure<ConnectSupportsFeatureArgs, ConnectSupportsFeatureRet>;
  readonly connectListAllDomains: Procedure<ConnectListAllDomainsArgs, ConnectListAllDomainsRet>;
  readonly connectListAllNetworks: Procedure<ConnectListAllNetworksArgs, ConnectListAllNetworksRet>;
  readonly connectListAllStoragePools: Procedure<
    ConnectListAllStoragePoolsArgs,
    ConnectListAllStoragePoolsRet
  >;
  readonly connectGetAllDomainStats: Procedure<
    ConnectGetAllDomainStatsArgs,
    ConnectGetAllDomainStatsRet
  >;
  readonly connectDomainEventCallbackRegisterAny: Procedure<
    ConnectDomainEventCallbackRegisterAnyArgs,
    ConnectDomainEventCallbackRegisterAnyRet
  >;
  readonly connectDomainEventCallbackDeregisterAny: Procedure<
    ConnectDomainEventCallbackDeregisterAnyArgs,
    void
  >;
  readonly nodeGetInfo: Procedure<void, NodeGetInfoRet>;
  readonly nodeGetFreeMemory: Procedure<void, NodeGetFreeMemoryRet>;
  readonly domainLookupByName: Procedure<DomainLookupByNameArgs, DomainLookupByNameRet>;
  readonly domainLookupByUuid: Procedure<DomainLookupByUuidArgs, DomainLookupByUuidRet>;
  readonly domainDefineXmlFlags: Procedure<DomainDefineXmlFlagsArgs, DomainDefineXmlFlagsRet>;
  readonly domainUndefineFlags: Procedure<DomainUndefineFlagsArgs, void>;
  readonly domainCreateWithFlags: Procedure<DomainCreateWithFlagsArgs, DomainCreateWithFlagsRet>;
  readonly domainShutdownFlags: Procedure<DomainShutdownFlagsArgs, void>;
  readonly domainDestroyFlags: Procedure<DomainDestroyFlagsArgs, void>;
  readonly domainReboot: Procedure<DomainRebootArgs, void>;
  readonly domainReset: Procedure<DomainResetArgs, void>;
  readonly domainRename: Procedure<DomainRenameArgs, DomainRenameRet>;
  readonly domainSuspend: Procedure<DomainSuspendArgs, void>;
  readonly domainResume: Procedure<DomainResumeArgs, void>;
  readonly domainPmWakeup: Procedure<DomainPmWakeupArgs, void>;
  readonly domainGetState: Procedure<DomainGetStateArgs, DomainGetStateRet>;
  readonly domainGetInfo: Procedure<DomainGetInfoArgs, DomainGetInfoRet>;
  readonly domainGetXmlDesc: Procedure<DomainGetXmlDescArgs, DomainGetXmlDescRet>;
  readonly domainGetMetadata: Procedure<DomainGetMetadataArgs, DomainGetMetadataRet>;
  readonly domainSetMetadata: Procedure<DomainSetMetadataArgs, void>;
  readonly domainSetMemoryFlags: Procedure<DomainSetMemoryFlagsArgs, void>;
  readonly domainSetVcpusFlags: Procedure<DomainSetVcpusFlagsArgs, void>;
  readonly domainGetAutostart: Procedure<DomainGetAutostartArgs, DomainGetAutostartRet>;
  readonly domainSetAutostart: Procedure<DomainSetAutostartArgs, void>;
  readonly domainBlockResize: Procedure<DomainBlockResizeArgs, void>;
  readonly domainGetBlockInfo: Procedure<DomainGetBlockInfoArgs, DomainGetBlockInfoRet>;
  readonly domainGetDiskErrors: Procedure<DomainGetDiskErrorsArgs, DomainGetDiskErrorsRet>;
  readonly domainAttachDeviceFlags: Procedure<DomainAttachDeviceFlagsArgs, void>;
  readonly domainDetachDeviceFlags: Procedure<DomainDetachDeviceFlagsArgs, void>;
  readonly domainUpdateDeviceFlags: Procedure<DomainUpdateDeviceFlagsArgs, void>;
  readonly domainHasManagedSaveImage: Procedure<
    DomainHasManagedSaveImageArgs,
    DomainHasManagedSaveImageRet
  >;
  readonly domainManagedSaveRemove: Procedure<DomainManagedSaveRemoveArgs, void>;
  readonly domainInterfaceAddresses: Procedure<
    DomainInterfaceAddressesArgs,
    DomainInterfaceAddressesRet
  >;
  readonly domainIsActive: Procedure<DomainIsActiveArgs, DomainIsActiveRet>;
  readonly domainIsPersistent: Procedure<DomainIsPersistentArgs, DomainIsPersistentRet>;
  readonly networkLookupByName: Procedure<NetworkLookupByNameArgs, NetworkLookupByNameRet>;
  readonly networkDefineXml: Procedure<NetworkDefineXmlArgs, NetworkDefineXmlRet>;
  readonly networkUndefine: Procedure<NetworkUndefineArgs, void>;
  readonly networkCreate: Procedure<NetworkCreateArgs, void>;
  readonly networkDestroy: Procedure<NetworkDestroyArgs, void>;
  readonly networkIsActive: Procedure<NetworkIsActiveArgs, NetworkIsActiveRet>;
  readonly networkGetXmlDesc: Procedure<NetworkGetXmlDescArgs, NetworkGetXmlDescRet>;
  readonly networkGetBridgeName: Procedure<NetworkGetBridgeNameArgs, NetworkGetBridgeNameRet>;
  readonly networkGetDhcpLeases: Procedure<NetworkGetDhcpLeasesArgs, NetworkGetDhcpLeasesRet>;
  readonly networkUpdate: Procedure<NetworkUpdateArgs, void>;
  readonly storagePoolLookupByName: Procedure<
    StoragePoolLookupByNameArgs,
    StoragePoolLookupByNameRet
  >;
  readonly storagePoolRefresh: Procedure<StoragePoolRefreshArgs, void>;
  readonly storagePoolGetInfo: Procedure<StoragePoolGetInfoArgs, StoragePoolGetInfoRet>;
  readonly storagePoolGetXmlDesc: Procedure<StoragePoolGetXmlDescArgs, StoragePoolGetXmlDescRet>;
  readonly storagePoolListAllVolumes: Procedure<
    StoragePoolListAllVolumesArgs,
    StoragePoolListAllVolumesRet
  >;
  readonly storageVolCreateXml: Procedure<StorageVolCreateXmlArgs, StorageVolCreateXmlRet>;
  readonly storageVolCreateXmlFrom: Procedure<
    StorageVolCreateXmlFromArgs,
    StorageVolCreateXmlFromRet
  >;
  readonly storageVolDelete: Procedure<StorageVolDeleteArgs, void>;
  readonly storageVolGetInfo: Procedure<StorageVolGetInfoArgs, StorageVolGetInfoRet>;
  readonly storageVolGetPath: Procedure<StorageVolGetPathArgs, StorageVolGetPathRet>;
  readonly storageVolLookupByName: Procedure<StorageVolLookupByNameArgs, StorageVolLookupByNameRet>;
  readonly storageVolLookupByPath: Procedure<StorageVolLookupByPathArgs, StorageVolLookupByPathRet>;
  readonly storageVolResize: Procedure<StorageVolResizeArgs, void>;
}
/** {@link Procedures} as they are written. */
export const procedures: Procedures = {
  authList: { number: 66, args: nothing, ret: authListRetSchema },
  authPolkit: { number: 70, args: nothing, ret: authPolkitRetSchema },
  connectOpen: { number: 1, args: connectOpenArgsSchema, ret: nothing },
  connectClose: { number: 2, args: nothing, ret: nothing },
  connectGetType: { number: 3, args: nothing, ret: connectGetTypeRetSchema },
  connectGetVersion: { number: 4, args: nothing, ret: connectGetVersionRetSchema },
  connectGetLibVersion: { number: 157, args: nothing, ret: connectGetLibVersionRetSchema },
  connectGetHostname: { number: 59, args: nothing, ret: connectGetHostnameRetSchema },
  connectGetUri: { number: 110, args: nothing, ret: connectGetUriRetSchema },
  connectGetCapabilities: { number: 7, args: nothing, ret: connectGetCapabilitiesRetSchema },
  connectGetDomainCapabilities: {
    number: 342,
    args: connectGetDomainCapabilitiesArgsSchema,
    ret: connectGetDomainCapabilitiesRetSchema,
  },
  connectSupportsFeature: {
    number: 60,
    args: connectSupportsFeatureArgsSchema,
    ret: connectSupportsFeatureRetSchema,
  },
  connectListAllDomains: {
    number: 273,
    args: connectListAllDomainsArgsSchema,
    ret: connectListAllDomainsRetSchema,
  },
  connectListAllNetworks: {
    number: 283,
    args: connectListAllNetworksArgsSchema,
    ret: connectListAllNetworksRetSchema,
  },
  connectListAllStoragePools: {
    number: 281,
    args: connectListAllStoragePoolsArgsSchema,
    ret: connectListAllStoragePoolsRetSchema,
  },
  connectGetAllDomainStats: {
    number: 344,
    args: connectGetAllDomainStatsArgsSchema,
    ret: connectGetAllDomainStatsRetSchema,
  },
  connectDomainEventCallbackRegisterAny: {
    number: 316,
    args: connectDomainEventCallbackRegisterAnyArgsSchema,
    ret: connectDomainEventCallbackRegisterAnyRetSchema,
  },
  connectDomainEventCallbackDeregisterAny: {
    number: 317,
    args: connectDomainEventCallbackDeregisterAnyArgsSchema,
    ret: nothing,
  },
  nodeGetInfo: { number: 6, args: nothing, ret: nodeGetInfoRetSchema },
  nodeGetFreeMemory: { number: 102, args: nothing, ret: nodeGetFreeMemoryRetSchema },
  domainLookupByName: {
    number: 23,
    args: domainLookupByNameArgsSchema,
    ret: domainLookupByNameRetSchema,
  },
  domainLookupByUuid: {
    number: 24,
    args: domainLookupByUuidArgsSchema,
    ret: domainLookupByUuidRetSchema,
  },
  domainDefineXmlFlags: {
    number: 350,
    args: domainDefineXmlFlagsArgsSchema,
    ret: domainDefineXmlFlagsRetSchema,
  },
  domainUndefineFlags: { number: 231, args: domainUndefineFlagsArgsSchema, ret: nothing },
  domainCreateWithFlags: {
    number: 196,
    args: domainCreateWithFlagsArgsSchema,
    ret: domainCreateWithFlagsRetSchema,
  },
  domainShutdownFlags: { number: 258, args: domainShutdownFlagsArgsSchema, ret: nothing },
  domainDestroyFlags: { number: 234, args: domainDestroyFlagsArgsSchema, ret: nothing },
  domainReboot: { number: 27, args: domainRebootArgsSchema, ret: nothing },
  domainReset: { number: 245, args: domainResetArgsSchema, ret: nothing },
  domainRename: { number: 358, args: domainRenameArgsSchema, ret: domainRenameRetSchema },
  domainSuspend: { number: 34, args: domainSuspendArgsSchema, ret: nothing },
  domainResume: { number: 28, args: domainResumeArgsSchema, ret: nothing },
  domainPmWakeup: { number: 267, args: domainPmWakeupArgsSchema, ret: nothing },
  domainGetState: { number: 212, args: domainGetStateArgsSchema, ret: domainGetStateRetSchema },
  domainGetInfo: { number: 16, args: domainGetInfoArgsSchema, ret: domainGetInfoRetSchema },
  domainGetXmlDesc: {
    number: 14,
    args: domainGetXmlDescArgsSchema,
    ret: domainGetXmlDescRetSchema,
  },
  domainGetMetadata: {
    number: 265,
    args: domainGetMetadataArgsSchema,
    ret: domainGetMetadataRetSchema,
  },
  domainSetMetadata: { number: 264, args: domainSetMetadataArgsSchema, ret: nothing },
  domainSetMemoryFlags: { number: 204, args: domainSetMemoryFlagsArgsSchema, ret: nothing },
  domainSetVcpusFlags: { number: 199, args: domainSetVcpusFlagsArgsSchema, ret: nothing },
  domainGetAutostart: {
    number: 15,
    args: domainGetAutostartArgsSchema,
    ret: domainGetAutostartRetSchema,
  },
  domainSetAutostart: { number: 29, args: domainSetAutostartArgsSchema, ret: nothing },
  domainBlockResize: { number: 251, args: domainBlockResizeArgsSchema, ret: nothing },
  domainGetBlockInfo: {
    number: 194,
    args: domainGetBlockInfoArgsSchema,
    ret: domainGetBlockInfoRetSchema,
  },
  domainGetDiskErrors: {
    number: 263,
    args: domainGetDiskErrorsArgsSchema,
    ret: domainGetDiskErrorsRetSchema,
  },
  domainAttachDeviceFlags: { number: 160, args: domainAttachDeviceFlagsArgsSchema, ret: nothing },
  domainDetachDeviceFlags: { number: 161, args: domainDetachDeviceFlagsArgsSchema, ret: nothing },
  domainUpdateDeviceFlags: { number: 174, args: domainUpdateDeviceFlagsArgsSchema, ret: nothing },
  domainHasManagedSaveImage: {
    number: 183,
    args: domainHasManagedSaveImageArgsSchema,
    ret: domainHasManagedSaveImageRetSchema,
  },
  domainManagedSaveRemove: { number: 184, args: domainManagedSaveRemoveArgsSchema, ret: nothing },
  domainInterfaceAddresses: {
    number: 353,
    args: domainInterfaceAddressesArgsSchema,
    ret: domainInterfaceAddressesRetSchema,
  },
  domainIsActive: { number: 150, args: domainIsActiveArgsSchema, ret: domainIsActiveRetSchema },
  domainIsPersistent: {
    number: 151,
    args: domainIsPersistentArgsSchema,
    ret: domainIsPersistentRetSchema,
  },
  networkLookupByName: {
    number: 46,
    args: networkLookupByNameArgsSchema,
    ret: networkLookupByNameRetSchema,
  },
  networkDefineXml: {
    number: 41,
    args: networkDefineXmlArgsSchema,
    ret: networkDefineXmlRetSchema,
  },
  networkUndefine: { number: 49, args: networkUndefineArgsSchema, ret: nothing },
  networkCreate: { number: 39, args: networkCreateArgsSchema, ret: nothing },
  networkDestroy: { number: 42, args: networkDestroyArgsSchema, ret: nothing },
  networkIsActive: { number: 152, args: networkIsActiveArgsSchema, ret: networkIsActiveRetSchema },
  networkGetXmlDesc: {
    number: 43,
    args: networkGetXmlDescArgsSchema,
    ret: networkGetXmlDescRetSchema,
  },
  networkGetBridgeName: {
    number: 45,
    args: networkGetBridgeNameArgsSchema,
    ret: networkGetBridgeNameRetSchema,
  },
  networkGetDhcpLeases: {
    number: 341,
    args: networkGetDhcpLeasesArgsSchema,
    ret: networkGetDhcpLeasesRetSchema,
  },
  networkUpdate: { number: 291, args: networkUpdateArgsSchema, ret: nothing },
  storagePoolLookupByName: {
    number: 84,
    args: storagePoolLookupByNameArgsSchema,
    ret: storagePoolLookupByNameRetSchema,
  },
  storagePoolRefresh: { number: 83, args: storagePoolRefreshArgsSchema, ret: nothing },
  storagePoolGetInfo: {
    number: 87,
    args: storagePoolGetInfoArgsSchema,
    ret: storagePoolGetInfoRetSchema,
  },
  storagePoolGetXmlDesc: {
    number: 88,
    args: storagePoolGetXmlDescArgsSchema,
    ret: storagePoolGetXmlDescRetSchema,
  },
  storagePoolListAllVolumes: {
    number: 282,
    args: storagePoolListAllVolumesArgsSchema,
    ret: storagePoolListAllVolumesRetSchema,
  },
  storageVolCreateXml: {
    number: 93,
    args: storageVolCreateXmlArgsSchema,
    ret: storageVolCreateXmlRetSchema,
  },
  storageVolCreateXmlFrom: {
    number: 125,
    args: storageVolCreateXmlFromArgsSchema,
    ret: storageVolCreateXmlFromRetSchema,
  },
  storageVolDelete: { number: 94, args: storageVolDeleteArgsSchema, ret: nothing },
  storageVolGetInfo: {
    number: 98,
    args: storageVolGetInfoArgsSchema,
    ret: storageVolGetInfoRetSchema,
  },
  storageVolGetPath: {
    number: 100,
    args: storageVolGetPathArgsSchema,
    ret: storageVolGetPathRetSchema,
  },
  storageVolLookupByName: {
    number: 95,
    args: storageVolLookupByNameArgsSchema,
    ret: storageVolLookupByNameRetSchema,
  },
  storageVolLookupByPath: {
    number: 97,
    args: storageVolLookupByPathArgsSchema,
    ret: storageVolLookupByPathRetSchema,
  },
  storageVolResize: { number: 260, args: storageVolResizeArgsSchema, ret: nothing },
};
/** What the daemon tells about domains to who has asked for it, by its name. */
export interface DomainEventMessages {
  readonly agentLifecycle: EventMessage<DomainEventCallbackAgentLifecycleMsg>;
  readonly balloonChange: EventMessage<DomainEventCallbackBalloonChangeMsg>;
  readonly blockJob: EventMessage<DomainEventCallbackBlockJobMsg>;
  readonly controlError: EventMessage<DomainEventCallbackControlErrorMsg>;
  readonly deviceRemoved: EventMessage<DomainEventCallbackDeviceRemovedMsg>;
  readonly ioErrorReason: EventMessage<DomainEventCallbackIoErrorReasonMsg>;
  readonly lifecycle: EventMessage<DomainEventCallbackLifecycleMsg>;
  readonly metadataChange: EventMessage<DomainEventCallbackMetadataChangeMsg>;
  readonly pmsuspend: EventMessage<DomainEventCallbackPmsuspendMsg>;
  readonly pmsuspendDisk: EventMessage<DomainEventCallbackPmsuspendDiskMsg>;
  readonly pmwakeup: EventMessage<DomainEventCallbackPmwakeupMsg>;
  readonly reboot: EventMessage<DomainEventCallbackRebootMsg>;
  readonly watchdog: EventMessage<DomainEventCallbackWatchdogMsg>;
}
/** {@link DomainEventMessages} as they are written. */
export const domainEventMessages: DomainEventMessages = {
  agentLifecycle: { number: 348, msg: domainEventCallbackAgentLifecycleMsgSchema },
  balloonChange: { number: 331, msg: domainEventCallbackBalloonChangeMsgSchema },
  blockJob: { number: 326, msg: domainEventCallbackBlockJobMsgSchema },
  controlError: { number: 325, msg: domainEventCallbackControlErrorMsgSchema },
  deviceRemoved: { number: 333, msg: domainEventCallbackDeviceRemovedMsgSchema },
  ioErrorReason: { number: 324, msg: domainEventCallbackIoErrorReasonMsgSchema },
  lifecycle: { number: 318, msg: domainEventCallbackLifecycleMsgSchema },
  metadataChange: { number: 379, msg: domainEventCallbackMetadataChangeMsgSchema },
  pmsuspend: { number: 330, msg: domainEventCallbackPmsuspendMsgSchema },
  pmsuspendDisk: { number: 332, msg: domainEventCallbackPmsuspendDiskMsgSchema },
  pmwakeup: { number: 329, msg: domainEventCallbackPmwakeupMsgSchema },
  reboot: { number: 319, msg: domainEventCallbackRebootMsgSchema },
  watchdog: { number: 321, msg: domainEventCallbackWatchdogMsgSchema },
};
