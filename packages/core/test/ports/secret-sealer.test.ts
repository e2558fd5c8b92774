import { describe, expect, it } from "vitest";
import { type SecretOwner, sealSpec, unsealSpec } from "../../src/ports/secret-sealer.ts";
import { PaperSealer } from "../support/paper-sealer.ts";

const sealer = new PaperSealer();
const owner: SecretOwner = { id: "web", uid: "u1", revisionId: "r1" };
const spec = { env: { A: "one", B: "two" }, command: ["true"] };
const redacted = { env: { A: "<redacted>", B: "<redacted>" }, command: ["true"] };

describe("a sealed spec", () => {
  it("is shown as its runtime shows it, and is the same again once it is unsealed", () => {
    const sealed = sealSpec(spec, redacted, { sealer, owner });

    expect(sealed.spec).toEqual(redacted);
    expect(unsealSpec(sealed, { sealer, owner })).toEqual(spec);
  });

  it("without secrets has no seals", () => {
    expect(sealSpec(spec, spec, { sealer, owner })).toEqual({ spec });
    expect(unsealSpec({ spec }, { sealer, owner })).toBe(spec);
  });

  it.each([
    ["workload", { ...owner, id: "api" }],
    ["creation", { ...owner, uid: "u2" }],
    ["revision", { ...owner, revisionId: "r2" }],
  ])("does not open for another %s", (_, other) => {
    const sealed = sealSpec(spec, redacted, { sealer, owner });

    expect(() => unsealSpec(sealed, { sealer, owner: other })).toThrow(
      expect.objectContaining({ code: "SECRET_UNAVAILABLE" }),
    );
  });

  it("does not open with its seals in other places", () => {
    const { sealed: [first, second] = [], ...rest } = sealSpec(spec, redacted, { sealer, owner });
    const swapped = [
      { path: first?.path ?? [], sealed: second?.sealed ?? "" },
      { path: second?.path ?? [], sealed: first?.sealed ?? "" },
    ];

    expect(() => unsealSpec({ ...rest, sealed: swapped }, { sealer, owner })).toThrow(
      expect.objectContaining({ code: "SECRET_UNAVAILABLE" }),
    );
  });
});
