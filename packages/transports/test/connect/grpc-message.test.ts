import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeGrpcMessage } from "../../src/connect/grpc-message.ts";

describe("a gRPC message", () => {
  it("keeps printable ASCII but the percent sign", () => {
    expect(encodeGrpcMessage("a: b; 100 %\n")).toBe("a: b; 100 %25%0A");
  });

  it("is read back the same by strict and by lax decoders", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (message) => {
        const encoded = encodeGrpcMessage(message.toWellFormed());
        expect(encoded).toMatch(/^[ -~]*$/);
        expect(decodeURIComponent(encoded)).toBe(message.toWellFormed());
        expect(decodeURI(encoded)).toBe(message.toWellFormed());
      }),
    );
  });
});
