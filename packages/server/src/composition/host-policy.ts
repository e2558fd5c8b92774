import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  type AllowedHostPath,
  type HostPolicyRules,
  type HostPolicySettingNames,
  standardProtectedPaths,
} from "@persys/core";
import { namedSocket } from "../config/libvirt-uri.ts";
import { policyOptions } from "../config/policy-options.ts";
import type { AgentSettings } from "./agent-settings.ts";

/**
 * What the settings say about what workloads may ask of this host. Looks where paths lead to. `ownFiles` are the agent's besides those that
 * settings name.
 */
export function hostPolicyRules(
  settings: AgentSettings,
  ownFiles: readonly string[] = [],
): HostPolicyRules {
  const { config } = settings;
  const own = agentPaths(settings, ownFiles);
  return {
    allowedHostPaths: config.allowedHostPaths.flatMap(withRealPath),
    protectedPaths: [...standardProtectedPaths, ...own],
    allowRemoteHostPaths: config.allowRemoteHostPaths,
    allowPrivileged: config.allowPrivileged,
    allowedCapabilities: config.allowedCapabilities,
    allowedHostNamespaces: config.allowedHostNamespaces,
    allowedDevices: config.allowedDevices.flatMap((it) => [...new Set([it, realPathOf(it)])]),
    allowedRawDisks: config.allowedRawDisks.flatMap((it) => [...new Set([it, realPathOf(it)])]),
    allowedBridges: config.allowedBridges,
    allowedStoragePools: config.allowedStoragePools,
    publishedAddresses: config.publishedAddresses,
    publishedPorts: config.publishedPorts,
    processUsers: config.processUsers,
    imageRegistries: config.imageRegistries,
    requireImageDigest: config.requireImageDigest,
    gitRepositories: config.gitRepositories,
    allowedSecretFiles: config.allowedSecretFiles.flatMap((it) => [
      ...new Set([it, realPathOf(it)]),
    ]),
    allowedSecretVariables: config.allowedSecretVariables,
  };
}

/** What denials call the settings: the variables to set. */
export const hostPolicySettingNames: HostPolicySettingNames = {
  allowedHostPaths: policyOptions.allowedHostPaths.env[0],
  allowRemoteHostPaths: policyOptions.allowRemoteHostPaths.env[0],
  allowPrivileged: policyOptions.allowPrivileged.env[0],
  allowedCapabilities: policyOptions.allowedCapabilities.env[0],
  allowedHostNamespaces: policyOptions.allowedHostNamespaces.env[0],
  allowedDevices: policyOptions.allowedDevices.env[0],
  allowedRawDisks: policyOptions.allowedRawDisks.env[0],
  allowedBridges: policyOptions.allowedBridges.env[0],
  allowedStoragePools: policyOptions.allowedStoragePools.env[0],
  publishedAddresses: policyOptions.publishedAddresses.env[0],
  publishedPorts: policyOptions.publishedPorts.env[0],
  processUsers: policyOptions.processUsers.env[0],
  imageRegistries: policyOptions.imageRegistries.env[0],
  requireImageDigest: policyOptions.requireImageDigest.env[0],
  gitRepositories: policyOptions.gitRepositories.env[0],
  allowedSecretFiles: policyOptions.allowedSecretFiles.env[0],
  allowedSecretVariables: policyOptions.allowedSecretVariables.env[0],
};

/**
 * Every file and folder that is the agent's own, as set and as it really is: whatever setting is an absolute path, the file they are set in, the
 * sockets of Docker's engine and of libvirt, in the development profile its folder, and `ownFiles`.
 */
export function agentPaths(
  { config, configFile, dockerConfigFile }: AgentSettings,
  ownFiles: readonly string[] = [],
): readonly string[] {
  const values: readonly unknown[] = Object.values(config);
  const sockets = [socketOf(config.dockerEndpoint), namedSocket(config.libvirtUri)];
  const set = [...values, configFile, dockerConfigFile, ...sockets, ...ownFiles];
  const paths = set.filter(
    (it): it is string => typeof it === "string" && it.startsWith("/") && it !== "/",
  );
  return [...new Set(paths.flatMap((it) => [it, realPathOf(it)]))];
}

function socketOf(endpoint: string): string | undefined {
  return endpoint.startsWith("unix://") ? endpoint.slice("unix://".length) : undefined;
}

/** What is judged has no links in it, so what is allowed counts without, too. */
function withRealPath({ path, readOnly }: AllowedHostPath): readonly AllowedHostPath[] {
  const real = realPathOf(path);
  return real === path ? [{ path, readOnly }] : [path, real].map((it) => ({ path: it, readOnly }));
}

/** The path without links, as far as it exists. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // What cannot be followed yet is as it is written, in a folder that may be followed.
    const folder = dirname(path);
    return folder === path ? path : join(realPathOf(folder), basename(path));
  }
}
