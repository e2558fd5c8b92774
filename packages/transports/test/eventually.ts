/** Resolves once `holds` does, asking again every few milliseconds; throws after `withinMs` milliseconds. */
export async function eventually(holds: () => boolean, withinMs = 5_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadlineMs)
      throw new Error(`does not hold after ${withinMs} ms: ${holds.toString()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
