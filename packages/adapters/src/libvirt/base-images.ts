import { access, realpath } from "node:fs/promises";
import { join } from "node:path";
import { isMissingFile } from "./disk-claim.ts";

/** What files of images are mostly named by; a spec may leave it out. */
const endings = ["", ".qcow2", ".img", ".raw"] as const;

/**
 * Where a base image is: an absolute path is that, a name one of a file in the folder of images, perhaps without its ending. Where there is none
 * of that name, the path that it would have. What else keeps it from being looked at, whoever opens it finds out.
 */
export async function basePath(baseImage: string, imageFolder: string): Promise<string> {
  if (baseImage.startsWith("/")) return baseImage;
  for (const ending of endings) {
    const path = join(imageFolder, `${baseImage}${ending}`);
    if (await mayBeThere(path)) return path;
  }
  return join(imageFolder, baseImage);
}

/** {@link basePath} after every link: what a disk stands on is to stay the same when a link is moved on to a newer image. */
export async function realBasePath(baseImage: string, imageFolder: string): Promise<string> {
  const path = await basePath(baseImage, imageFolder);
  try {
    return await realpath(path);
  } catch {
    // What cannot be followed, whoever opens it tells of.
    return path;
  }
}

async function mayBeThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    return !isMissingFile(error);
  }
}
