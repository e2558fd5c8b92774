import type { Lack } from "../../scripts/closing-line-reporter.ts";
import { describeUnlessLacking, hostVariables } from "../test-host.ts";

/** A suite that needs libvirt and QEMU. Without them it is skipped by name, or fails where `CI=true`. */
export function describeWithLibvirt(title: string, body: () => void): void {
  describeUnlessLacking(lackingOfLibvirt(), title, body);
}

/**
 * The daemon that tests share: each uses names of its own, and none stops it. It has a network `default` that gives addresses.
 * @throws where there is none; {@link describeWithLibvirt} keeps tests from that.
 */
export function sharedLibvirtUri(): string {
  const uri = hostVariables()["PERSYS_TEST_LIBVIRT"];
  if (uri === undefined) throw new Error("no PERSYS_TEST_LIBVIRT: scripts/test-host up");
  return uri;
}

/** Where a daemon of the tests has programs that have to run where its networks are; an agent finds them by its PATH. */
export function libvirtPrograms(uri: string): string {
  const [, root = ""] = /socket=(.*)\/s\/libvirt-sock$/.exec(uri) ?? [];
  return `${root}/bin`;
}

function lackingOfLibvirt(): Lack | undefined {
  return hostVariables()["PERSYS_TEST_LIBVIRT"] === undefined
    ? "no libvirt for tests (start the engines with scripts/test-host up)"
    : undefined;
}
