/** A site as browsers name it: scheme, host and port, the port left out where it is the scheme's own. Undefined for anything else. */
export function webOrigin(text: string): string | { readonly broken: string } | undefined {
  if (text === "*") {
    return {
      broken:
        "must name each site that may call; * would let every page on the web use a token that it gets hold of",
    };
  }
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  const isBare = `${url.origin}/` === url.href && !/[?#]/.test(text);
  return isBare ? url.origin : undefined;
}

/** A host name in small letters, without a port. Undefined for anything else. */
export function hostName(text: string): string | undefined {
  return /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/i.test(text)
    ? text.toLowerCase()
    : undefined;
}
