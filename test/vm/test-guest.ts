import type { Lack } from "../../scripts/closing-line-reporter.ts";
import { describeUnlessLacking, hostVariables } from "../test-host.ts";

/**
 * A suite that needs libvirt and the guest of the tests. Without them it is skipped by name, or fails where `CI=true`. The body must not ask for the
 * guest before its tests run.
 */
export function describeWithGuest(title: string, body: () => void): void {
  describeUnlessLacking(lackingOfGuest(), title, body);
}

/**
 * The image of a disk that boots by BIOS, qcow2: Debian's kernel with `scripts/test-host.d/guest-init.sh`, which says what it does on its serial
 * console. It wants 128 MiB and a disk of 1 GiB. @throws where there is none; {@link describeWithGuest} keeps tests from that.
 */
export function guestImage(): string {
  const path = hostVariables()["PERSYS_TEST_GUEST"];
  if (path === undefined) throw new Error("no PERSYS_TEST_GUEST: scripts/test-host up");
  return path;
}

/** Gets an address of a network from a CD, and hears no power button. */
export const ipxeImage = "/usr/lib/ipxe/ipxe.iso";

function lackingOfGuest(): Lack | undefined {
  const variables = hostVariables();
  if (variables["PERSYS_TEST_LIBVIRT"] === undefined)
    return "no libvirt for tests (start the engines with scripts/test-host up)";
  return variables["PERSYS_TEST_GUEST"] === undefined
    ? "no guest for tests (scripts/test-host up makes it where there is apt-get)"
    : undefined;
}
