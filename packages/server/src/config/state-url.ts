import { type OptionType, scalarText } from "./option-type.ts";

const rule = "must be redis://host:port/database, rediss://… for TLS, or none";

/** Stands for no URL: the state is in a folder. */
export const noStateUrl = "none";

/**
 * Where a Redis server for the state is. Text is all that a type of option can judge here: that it leads to a server shows at the start. The
 * adapter has the same rule; it comes with a client that takes long to load, which settings are not worth.
 */
export const stateUrl: OptionType<string> = {
  name: "`redis://host:port/database`, `rediss://…` or none",
  read: (input) => {
    const text = scalarText(input) ?? "";
    if (text.toLowerCase() === noStateUrl) return { ok: true, value: noStateUrl };
    return isStateUrl(text) ? { ok: true, value: text } : { ok: false, rule };
  },
  write: (value) => value,
};

/** Where the state is, as it may be shown: the folder, or the URL without name and password. */
export function placeOfState(config: {
  readonly stateUrl: string;
  readonly statePath: string;
}): string {
  if (config.stateUrl === noStateUrl) return config.statePath;
  const url = new URL(config.stateUrl);
  url.username = "";
  url.password = "";
  return url.href;
}

function isStateUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !["redis:", "rediss:"].includes(url.protocol)) return false;
  if (url.hostname === "" || url.search !== "" || url.hash !== "") return false;
  return /^\/?\d{0,9}$/.test(url.pathname) && isEncoded(url.username) && isEncoded(url.password);
}

function isEncoded(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}
