/** Reads what an engine reports of a pull, push or load to its end. @throws for an error within it: the status was sent before. */
export async function finished(report: NodeJS.ReadableStream): Promise<void> {
  let text = "";
  for await (const piece of report) text += String(piece);
  const failure = /"error":"(?<said>[^"]*)"/.exec(text);
  if (failure !== null) throw new Error(failure.groups?.["said"]);
}

/** The status of a failed call of the engine; undefined: it was not answered. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** What a call resolves with; undefined where the engine says that there is no such thing. */
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
