const parts: Readonly<Record<string, readonly string[]>> = {
  Vault: [
    "vault_enabled",
    "vault_addr",
    "vault_auth_method",
    "vault_token",
    "vault_approle_role_id",
    "vault_approle_secret_id",
    "vault_pki_mount",
    "vault_pki_role",
    "vault_cert_ttl",
    "vault_service_name",
    "vault_service_domain",
    "vault_retry_interval",
  ],
  "managed volumes": [
    "storage_local_root",
    "storage_nfs_stage_dir",
    "storage_nfs_server",
    "storage_nfs_export",
    "storage_nfs_options",
    "storage_ceph_stage_dir",
    "storage_ceph_cluster",
    "storage_ceph_pool",
    "storage_ceph_user",
    "storage_ceph_keyring",
  ],
  "the scheduler client": ["scheduler_addr", "scheduler_insecure", "agent_grpc_endpoint"],
  "garbage collection": ["gc_enabled", "gc_interval", "failed_workload_ttl"],
  "admission thresholds": ["memory_threshold", "cpu_threshold", "disk_threshold"],
};

/**
 * Settings of the contract that this version knows but does nothing with, by key, and the part of the agent that they belong to. Setting
 * one is answered with a warning, so that nobody relies on it unawares.
 */
export const laterOptions: ReadonlyMap<string, string> = new Map(
  Object.entries(parts).flatMap(([part, keys]) => keys.map((key) => [key, part] as const)),
);
