import { type OptionType, scalarText } from "./option-type.ts";

/** Nowhere. */
export const noOtlpEndpoint = "none";

const rule =
  "must be http://host:port, https://host:port or host:port without a user and a query, or none (credentials go into OTEL_EXPORTER_OTLP_HEADERS)";

/** Where an OTLP receiver is. A bare `host:port` is taken for `http://`, and the path of the traces for that of all. */
export const otlpEndpoint: OptionType<string> = {
  name: "`http://host:port`, `https://host:port`, `host:port` or none",
  read: (input) => {
    const text = scalarText(input) ?? "";
    if (text.toLowerCase() === noOtlpEndpoint) return { ok: true, value: noOtlpEndpoint };
    const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
    if (url === null || !isPlain(url)) return { ok: false, rule };
    const path = url.pathname.replace(/\/(?:v1\/traces\/?)?$/, "");
    return { ok: true, value: `${url.origin}${path}` };
  },
  write: (value) => value,
};

function isPlain({ protocol, hostname, username, password, search, hash }: URL): boolean {
  const isHttp = protocol === "http:" || protocol === "https:";
  return isHttp && hostname !== "" && [username, password, search, hash].every((it) => it === "");
}
