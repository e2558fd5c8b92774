import { array, assert, dictionary, property, string, stringMatching } from "fast-check";
import { describe, expect, it } from "vitest";
import { element, parseXml, renderXml } from "../../src/libvirt/xml.ts";

const name = stringMatching(/^[a-z]{3,8}$/);
/** What XML can say in an attribute. */
const words = string({ unit: "grapheme" }).filter((value) => !/\p{Cc}|\ufffe|\uffff/u.test(value));

describe("renderXml", () => {
  it("writes what is read again as it was, whatever the values", () => {
    const elements = array(dictionary(name, words, { noNullPrototype: true }), { maxLength: 4 });
    assert(
      property(name, elements, (root, children) => {
        const tree = element(
          root,
          {},
          children.map((attributes) => element("child", attributes)),
        );

        const read = parseXml(renderXml(tree));

        expect(read?.children.map((child) => Object.fromEntries(child.attributes))).toEqual(
          children,
        );
      }),
    );
  });

  it("writes no markup of a value", () => {
    const tree = element("a", { b: `"/><evil x='` }, [element("c", {}, "</c><evil/>")]);

    expect(renderXml(tree)).not.toContain("<evil");
    expect(parseXml(renderXml(tree))).toEqual({ ...tree, text: expect.any(String) });
  });

  it("writes what it has read, elements and texts and all", () => {
    const document = `<a b="1">\n  <c>text</c>\n  <d>\n    <e f="g"/>\n  </d>\n</a>`;
    const read = parseXml(document);

    expect(read && renderXml(read)).toBe(document);
  });

  it("leaves out attributes without a value", () => {
    expect(renderXml(element("a", { b: undefined, c: 0 }))).toBe('<a c="0"/>');
  });

  it.each(["a\0b", "\u0001", "\ud800"])("refuses %j, which no XML can say", (value) => {
    expect(() => renderXml(element("a", { b: value }))).toThrow(RangeError);
    expect(() => renderXml(element("a", {}, value))).toThrow(RangeError);
  });

  it("refuses a line break in an attribute, which would be read as a blank", () => {
    expect(() => renderXml(element("a", { b: "1\n2" }))).toThrow(RangeError);
  });
});

describe("parseXml", () => {
  it.each(["", "words", "<a>", "<a></b>", "<a b=></a>", "<__proto__/>"])(
    "finds nothing in %j",
    (text) => {
      expect(parseXml(text)).toBeUndefined();
    },
  );

  it("skips what stands before the root", () => {
    expect(parseXml("<?xml version='1.0'?>\n<!-- c -->\n<a/>")?.name).toBe("a");
  });
});
