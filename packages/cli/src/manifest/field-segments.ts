/** Where a violation is, from the root of a document: keys, and positions in lists. */
export type FieldSegments = readonly (string | number)[];

/** `spec.process.env["A B"]` or `spec.container.ports[0].host_port`, as the agent writes it, as segments. */
export function fieldSegments(field: string): FieldSegments {
  const segments: (string | number)[] = [];
  const parts = /\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g;
  for (const [, position, quoted, name] of field.matchAll(parts)) {
    if (position !== undefined) segments.push(Number(position));
    else if (quoted !== undefined) segments.push(String(JSON.parse(quoted)));
    else if (name !== undefined) segments.push(name);
  }
  return segments;
}

/** Segments as a person reads them; empty for the document as a whole. */
export function fieldText(segments: FieldSegments): string {
  let text = "";
  for (const segment of segments) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(segment)) text += `[${JSON.stringify(segment)}]`;
    else text += text === "" ? segment : `.${segment}`;
  }
  return text;
}
