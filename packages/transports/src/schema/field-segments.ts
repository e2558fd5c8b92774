const segmentPattern = /\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g;

/** `volumes[0].hostPath` as its parts: the other way than `fieldPath`. What is no place is passed over. */
export function fieldSegments(field: string): readonly (string | number)[] {
  return [...field.matchAll(segmentPattern)].map(([, index, key, name = ""]) => {
    if (index !== undefined) return Number(index);
    return key === undefined ? name : key.replaceAll(/\\(.)/g, "$1");
  });
}
