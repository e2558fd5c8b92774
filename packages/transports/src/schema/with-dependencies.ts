import type { DescFile } from "@bufbuild/protobuf";

/** A file and all it is made with, each once. */
export function withDependencies(
  file: DescFile,
  found: Set<DescFile> = new Set<DescFile>(),
): ReadonlySet<DescFile> {
  if (found.has(file)) return found;
  found.add(file);
  for (const needed of file.dependencies) withDependencies(needed, found);
  return found;
}
