import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldSegments, fieldText } from "../../src/manifest/field-segments.ts";

describe("fieldSegments", () => {
  it("reads names, positions and keys that need quotes", () => {
    expect(fieldSegments("spec.container.ports[0].host_port")).toEqual([
      "spec",
      "container",
      "ports",
      0,
      "host_port",
    ]);
    expect(fieldSegments('spec.process.env["A.\\"B"]')).toEqual(["spec", "process", "env", 'A."B']);
    expect(fieldSegments("")).toEqual([]);
  });

  it("reads back whatever fieldText writes", () => {
    const segments = fc.array(fc.oneof(fc.string(), fc.nat({ max: 99 })));

    fc.assert(
      fc.property(segments, (path) => {
        expect(fieldSegments(fieldText(path))).toEqual(path);
      }),
    );
  });
});
