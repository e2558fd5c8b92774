import { describe, expect, it } from "vitest";
import { createEntryCodec, type Upgrade } from "../../../src/shared/record-codec/entry-codec.ts";

interface Note {
  readonly name: string;
  readonly lines: readonly string[];
}

function noteCodec(version: number, upgrades: ReadonlyMap<number, Upgrade> = new Map()) {
  return createEntryCodec<Note>({
    kind: "N",
    version,
    upgrades,
    keyOf: (note) => note.name,
    faultOf: (body) => (hasLines(body) || version < 3 ? undefined : "lines are missing"),
  });
}

function hasLines(body: unknown): boolean {
  return typeof body === "object" && body !== null && "lines" in body;
}

const upgrades = new Map<number, Upgrade>([
  [1, (body) => ({ ...(body as object), text: (body as { line: string }).line })],
  [2, (body) => ({ ...(body as object), lines: [(body as { text: string }).text] })],
]);

describe("an entry codec", () => {
  it("upgrades an older entry one version after the other", () => {
    const first = { name: "n", line: "first", lines: [] };
    const old = noteCodec(1).encode(first);

    const decoded = noteCodec(3, upgrades).decode("n", old);

    expect(decoded.ok && decoded.value.lines).toEqual(["first"]);
  });

  it("names an entry of a newer version as such", () => {
    const newer = noteCodec(3).encode({ name: "n", lines: [] });

    const decoded = noteCodec(2).decode("n", newer);

    expect(decoded).toMatchObject({ ok: false, defect: { kind: "newer" } });
    expect(!decoded.ok && decoded.defect.why).toContain("newer version of the agent (format 3");
  });

  it("tells an old version without an upgrade, or one that fails, from a good one", () => {
    const old = noteCodec(1).encode({ name: "n", lines: [] });
    const throwing = new Map<number, Upgrade>([
      [
        1,
        () => {
          throw new TypeError("not a note");
        },
      ],
    ]);

    expect(noteCodec(3).decode("n", old)).toMatchObject({ defect: { kind: "malformed" } });
    expect(noteCodec(2, throwing).decode("n", old)).toMatchObject({
      defect: { kind: "malformed" },
    });
  });

  it("refuses to write what it would not read back", () => {
    const nameless = { name: "n" } as Note;

    expect(() => noteCodec(3).encode(nameless)).toThrow("lines are missing");
  });
});
