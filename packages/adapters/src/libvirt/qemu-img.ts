import { AgentError } from "@persys/core";
import { execa, ExecaError } from "execa";
import { z } from "zod";
import { imageFormat, type ImageFormat } from "./image-format.ts";

/** What one image file says of itself. */
export interface ImageInfo {
  readonly format: ImageFormat;
  /** What the machine sees, in bytes. */
  readonly virtualSizeBytes: number;
  /** The file it stands on, as an absolute path; undefined where it stands by itself. */
  readonly backingPath: string | undefined;
}

/** `qemu-img info --output=json`, as far as it is read. */
const report = z.object({
  format: z.string(),
  "virtual-size": z.number().int().min(0),
  "backing-filename": z.string().optional(),
  "full-backing-filename": z.string().optional(),
  "format-specific": z
    .object({ data: z.object({ "data-file": z.string().optional() }) })
    .optional(),
});

/** No report of an image is longer. */
const outputCharsMax = 1_048_576;

/**
 * What the image at `path` says of itself, and nothing beyond: files that it names are not opened. Without a format it is found out by
 * looking, which is right only for images that no guest has written.
 * @throws {AgentError} INVALID_SPEC for another format, or one that names what is no file of this host; STORAGE_ERROR for what cannot be read
 */
export async function imageInfo(
  path: string,
  format: ImageFormat | undefined,
  signal: AbortSignal,
): Promise<ImageInfo> {
  return infoOf(path, format ?? (await imageFormat(path)), signal);
}

async function infoOf(path: string, format: ImageFormat, signal: AbortSignal): Promise<ImageInfo> {
  const words = ["info", "--output=json", "-U", "-f", format, "--", path];
  const said = await qemuImg(words, signal);
  const parsed = report.safeParse(jsonOf(said));
  if (!parsed.success) throw refusedImage(path, "says nothing that is understood");
  const { format: found, "virtual-size": virtualSizeBytes, ...more } = parsed.data;
  if (found !== "qcow2" && found !== "raw") throw refusedImage(path, `has the format ${found}`);
  if (more["format-specific"]?.data["data-file"] !== undefined)
    throw refusedImage(path, "keeps its data in another file");
  const written = more["backing-filename"];
  const backingPath = more["full-backing-filename"] ?? written;
  // QEMU would take `nbd://…` and `json:…` for what they say.
  if (backingPath?.startsWith("/") === false || written?.startsWith("json:") === true)
    throw refusedImage(path, "stands on something that is no file of this host");
  return { format: found, virtualSizeBytes, backingPath };
}

/** How a disk is made. */
export interface NewImage {
  /** A file that is open for writing. By its number, not by a name, which somebody else might put another file under. */
  readonly fd: number;
  readonly format: ImageFormat;
  /** Undefined: as large as its base. */
  readonly sizeBytes: number | undefined;
  readonly base:
    | { readonly path: string; readonly format: ImageFormat; readonly copied: boolean }
    | undefined;
}

/**
 * Makes an image in a file, over what is in it.
 * @throws {AgentError} INVALID_SPEC where it stands on anything else than it was told to; STORAGE_ERROR, or the signal's reason
 */
export async function createImage(image: NewImage, signal: AbortSignal): Promise<void> {
  const { fd, format, sizeBytes, base } = image;
  // The file itself, whatever its name leads to by now (proc(5)).
  const path = `/proc/${process.pid}/fd/${fd}`;
  const size = sizeBytes === undefined ? [] : [String(sizeBytes)];
  if (base?.copied === true) {
    const formats = ["-f", base.format, "-O", format];
    await qemuImg(["convert", ...formats, "--", base.path, path], signal);
    if (size.length > 0) await qemuImg(["resize", "-q", "-f", format, "--", path, ...size], signal);
  } else {
    const on = base === undefined ? [] : ["-b", base.path, "-F", base.format];
    await qemuImg(["create", "-q", "-f", format, ...on, "--", path, ...size], signal);
  }
  const { backingPath } = await infoOf(path, format, signal);
  const expected = base?.copied === false ? base.path : undefined;
  if (backingPath !== expected)
    throw refusedImage(base?.path ?? "", "was another one while a disk was made of it");
}

/** Makes an image that no machine uses as large as asked; one that is as large or larger is left. */
export async function growImage(
  { path, format, sizeBytes }: { path: string; format: ImageFormat; sizeBytes: number },
  signal: AbortSignal,
): Promise<void> {
  const { virtualSizeBytes } = await imageInfo(path, format, signal);
  if (virtualSizeBytes >= sizeBytes) return;
  await qemuImg(["resize", "-q", "-f", format, "--", path, String(sizeBytes)], signal);
}

async function qemuImg(words: readonly string[], signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const [verb = ""] = words;
  try {
    const { stdout } = await execa("qemu-img", words, {
      cancelSignal: signal,
      stdin: "ignore",
      maxBuffer: outputCharsMax,
    });
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    const isMissing = error instanceof ExecaError && error.code === "ENOENT";
    const why = isMissing ? "qemu-img is not installed: install qemu-utils" : wordsOf(error);
    throw new AgentError(
      isMissing ? "RUNTIME_ERROR" : "STORAGE_ERROR",
      `qemu-img ${verb}: ${why}`,
      {
        retryable: true,
        cause: error,
      },
    );
  }
}

function refusedImage(path: string, why: string): AgentError {
  return new AgentError("INVALID_SPEC", `the image ${path} ${why}`, {
    fault: "user",
    effect: "none",
  });
}

function wordsOf(error: unknown): string {
  if (!(error instanceof ExecaError)) return String(error);
  const { stderr }: { readonly stderr?: unknown } = error;
  const said = typeof stderr === "string" ? stderr.trim() : "";
  return (said === "" ? error.shortMessage : said).slice(0, 500);
}

function jsonOf(words: string): unknown {
  try {
    return JSON.parse(words);
  } catch {
    return undefined;
  }
}
