import { type OptionType, scalarText } from "./option-type.ts";

const rule = "must be unix:///path/of/a.sock or tcp://host:port";

/**
 * Where a Docker engine is. Text is all that a type of option can judge here: that it leads to an engine is not asked before the engine is
 * spoken to. The adapter has the same rule; it comes with a client that takes long to load, which settings are not worth.
 */
export const dockerEndpoint: OptionType<string> = {
  name: "`unix:///path` or `tcp://host:port`",
  read: (input) => {
    const text = scalarText(input) ?? "";
    return isEndpoint(text) ? { ok: true, value: text } : { ok: false, rule };
  },
  write: (value) => value,
};

/** Whether anybody else on the network may read and change what is said to the engine, but for TLS. */
export function isRemoteEndpoint(endpoint: string): boolean {
  return !endpoint.startsWith("unix://");
}

function isEndpoint(text: string): boolean {
  if (/^unix:\/\/\/.+/.test(text)) return true;
  const url = URL.parse(text);
  return url?.protocol === "tcp:" && url.hostname !== "";
}
