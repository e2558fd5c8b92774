import { type OptionType, scalarText } from "./option-type.ts";

const rule =
  "must be such as qemu:///system or qemu+unix:///system?socket=/path: libvirt of this machine";

/**
 * Which libvirt of this host is asked. Text is all that is judged here: whether it answers is not asked before it is needed. The adapter has
 * the same rule; it comes with a client that takes long to load, which settings are not worth.
 */
export const libvirtUri: OptionType<string> = {
  name: "`qemu:///system`, perhaps with `?socket=/path`",
  read: (input) => {
    const text = scalarText(input) ?? "";
    const isLocal = /^[a-z][a-z0-9]*(?:\+unix)?:\/\/\/[^?#]*(?:\?socket=\/[^&#]+)?$/.test(text);
    return isLocal ? { ok: true, value: text } : { ok: false, rule };
  },
  write: (value) => value,
};

/** The socket that a URI names; undefined where it leaves that to libvirt's habits. */
export function namedSocket(uri: string): string | undefined {
  return URL.parse(uri)?.searchParams.get("socket") ?? undefined;
}
