import { array, assert as check, integer, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter } from "../../src/docker/line-splitter.ts";

describe("LineSplitter", () => {
  it("finds the lines that were sent, wherever the pieces end, and passes over those that are too long", () => {
    const lines = array(
      string({ unit: "grapheme", maxLength: 12 }).map((line) => line.replaceAll("\n", "")),
    );
    check(
      property(lines, integer({ min: 1, max: 9 }), (sent, pieceBytes) => {
        const bytes = Buffer.from(sent.map((line) => `${line}\n`).join(""));
        const splitter = new LineSplitter(10);
        const found: (string | undefined)[] = [];
        for (let from = 0; from < bytes.length; from += pieceBytes)
          found.push(...splitter.push(bytes.subarray(from, from + pieceBytes)));

        expect(found).toEqual(
          sent.map((line) => (Buffer.byteLength(line) > 10 ? undefined : line)),
        );
      }),
    );
  });
});
