import { open } from "node:fs/promises";
import { AgentError } from "@persys/core";

/** The formats that are used: all others are left to those who know what they do. */
export type ImageFormat = "qcow2" | "raw";

/** The beginnings of formats that QEMU knows and nobody here uses, from its own sources (block/*.c). */
const others: readonly (readonly [format: string, at: number, beginning: string])[] = [
  ["vmdk", 0, "KDMV"],
  ["vmdk", 0, "COWD"],
  ["vmdk", 0, "# Disk DescriptorFile"],
  ["vdi", 0x40, "\x7f\x10\xda\xbe"],
  ["vhdx", 0, "vhdxfile"],
  ["vpc", 0, "conectix"],
  ["qed", 0, "QED\0"],
  ["parallels", 0, "WithoutFreeSpace"],
  ["parallels", 0, "WithouFreSpacExt"],
  ["luks", 0, "LUKS\xba\xbe"],
];

const qcowBeginning = "QFI\xfb";
const bytesLooked = 512;

/**
 * The format of an image, by how it begins; what begins like none is raw. Nothing that it names is opened: QEMU, asked the same, opens the parts of
 * a VMDK before it says what it is. Right only for images that no guest has written.
 * @throws {AgentError} INVALID_SPEC for a format that is not used; STORAGE_ERROR for what cannot be read
 */
export async function imageFormat(path: string): Promise<ImageFormat> {
  const beginning = await read(path);
  const found = others.find(([, at, text]) => beginning.startsWith(text, at));
  if (found !== undefined) throw refused(path, found[0]);
  if (!beginning.startsWith(qcowBeginning)) return "raw";
  // A version in 32 bits, the highest byte first.
  if (beginning.startsWith("\0\0\0\x02", 4) || beginning.startsWith("\0\0\0\x03", 4))
    return "qcow2";
  throw refused(path, "qcow");
}

/** Each byte as one character. */
async function read(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytesLooked), 0, bytesLooked, 0);
      return buffer.toString("latin1", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new AgentError("STORAGE_ERROR", `the image ${path} cannot be read: ${why}`, {
      retryable: true,
      effect: "none",
      cause: error,
    });
  }
}

function refused(path: string, format: string): AgentError {
  const message = `the image ${path} has the format ${format}, and only qcow2 and raw are used: qemu-img convert makes one of the other`;
  return new AgentError("INVALID_SPEC", message, { fault: "user", effect: "none" });
}
