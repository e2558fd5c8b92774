/**
 * The path by its letters alone: without empty parts, `.` and `..`, and without a `/` at its end. Symbolic links are not looked at. Parts are
 * compared as they are: neither case nor spelling of letters is evened out.
 */
export function normalisedPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Whether `path` is `folder` or lies below it, part by part: `/data-evil` does not lie in `/data`. Both normalised. */
export function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

/** Whether a path goes up somewhere. Engines take `..` by its letters, the kernel after links: they need not mean the same. */
export function goesUp(path: string): boolean {
  return path.split("/").includes("..");
}
