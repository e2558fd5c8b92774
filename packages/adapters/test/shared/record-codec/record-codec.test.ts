import { readdirSync, readFileSync } from "node:fs";
import { aRecord, aRevision, anAction } from "@persys/conformance";
import { describe, expect, it } from "vitest";
import { sealEnvelope } from "../../../src/shared/record-codec/envelope.ts";
import { actionCodec, recordCodec } from "../../../src/shared/record-codec/record-codec.ts";

const fixtures = new URL("../../fixtures/entries/", import.meta.url);

/** A sound envelope around any body, under the key `web`. */
function seal(kind: string, body: unknown): Buffer {
  return sealEnvelope({ kind, version: 1, key: "web" }, JSON.stringify(body));
}

describe("the record codec", () => {
  it.each(
    readdirSync(fixtures).filter((name) => name.startsWith("record-") && name.endsWith(".bin")),
  )("reads the stored bytes of %s for ever", (name) => {
    const bytes = readFileSync(new URL(name, fixtures));
    const expected: unknown = JSON.parse(
      readFileSync(new URL(name.replace(".bin", ".json"), fixtures), "utf8"),
    );

    const { id } = expected as { readonly id: string };
    const decoded = recordCodec.decode(id, bytes);

    expect(decoded).toEqual({ ok: true, value: expected });
  });

  it("is at a version that has a fixture", () => {
    const version = recordCodec.encode(aRecord()).readUInt16LE(6);

    expect(readdirSync(fixtures)).toContain(`record-v${version}.bin`);
  });

  it.each([
    ["a missing field", { ...aRecord(), wanted: undefined }],
    ["a field of the wrong kind", { ...aRecord(), generation: "1" }],
    ["a wrong kind deep inside", { ...aRecord(), fallback: { ...aRevision(), trial: null } }],
    ["an unknown wanted state", { ...aRecord(), desired: "paused" }],
    ["a revision without a spec", { ...aRecord(), wanted: { ...aRevision(), spec: undefined } }],
    ["a present observation without an instance", present([])],
    ["a list", []],
    ["null", null],
  ])("refuses %s", (_, body) => {
    const decoded = recordCodec.decode("web", seal("R", body));

    expect(decoded).toMatchObject({ ok: false, defect: { kind: "malformed" } });
  });

  it("says where a record is wrong, without its content", () => {
    const labels = { password: ["hunter2"] };

    const decoded = recordCodec.decode("web", seal("R", { ...aRecord(), labels }));

    expect(!decoded.ok && decoded.defect.why).toContain("labels.password");
    expect(!decoded.ok && decoded.defect.why).not.toContain("hunter2");
  });

  it("refuses a record that names another id than its key", () => {
    const decoded = recordCodec.decode("web", seal("R", aRecord({ id: "api" })));

    expect(decoded).toMatchObject({ ok: false, defect: { kind: "malformed" } });
  });

  it("keeps fields it does not know", () => {
    const decoded = recordCodec.decode("web", seal("R", { ...aRecord(), added: 1 }));

    expect(decoded).toEqual({ ok: true, value: { ...aRecord(), added: 1 } });
  });

  it("keeps a spec with the key __proto__ as it was sent", () => {
    const spec: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
    const record = { ...aRecord(), wanted: { ...aRevision(), spec } };

    const decoded = recordCodec.decode("web", seal("R", record));

    expect(decoded.ok && JSON.stringify(decoded.value.wanted.spec)).toBe(JSON.stringify(spec));
    expect("polluted" in {}).toBe(false);
  });

  it("refuses to write a record with a number that is none", () => {
    expect(() => recordCodec.encode(aRecord({ observedAtMs: Number.NaN }))).toThrow("observedAtMs");
  });
});

describe("the action codec", () => {
  it("reads the stored bytes of action-v1.bin for ever", () => {
    const expected: unknown = JSON.parse(readFileSync(new URL("action-v1.json", fixtures), "utf8"));

    const decoded = actionCodec.decode("42", readFileSync(new URL("action-v1.bin", fixtures)));

    expect(decoded).toEqual({ ok: true, value: expected });
  });

  it("refuses an action under another seq", () => {
    const decoded = actionCodec.decode("2", actionCodec.encode(anAction({ seq: 1 })));

    expect(decoded).toMatchObject({ ok: false, defect: { kind: "damaged" } });
  });
});

function present(instances: readonly unknown[]): unknown {
  return { ...aRecord(), observation: { kind: "present", glance: "", instances } };
}
