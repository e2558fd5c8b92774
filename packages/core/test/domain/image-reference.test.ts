import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { parseImageReference } from "../../src/domain/image-reference.ts";

const digest = `sha256:${"0a".repeat(32)}`;

function rules(value: string): readonly string[] {
  const parsed = parseImageReference(value);
  return parsed.ok ? [] : parsed.violations.map((one) => one.rule);
}

describe("parseImageReference", () => {
  it.each([
    ["busybox", { registry: "docker.io", repository: "library/busybox" }],
    ["team/app", { registry: "docker.io", repository: "team/app" }],
    ["docker.io/busybox:1", { registry: "docker.io", repository: "library/busybox", tag: "1" }],
    ["index.docker.io/busybox", { registry: "docker.io", repository: "library/busybox" }],
    ["localhost/app", { registry: "localhost", repository: "app" }],
    [
      "localhost:5000/app:V.1-x_y",
      { registry: "localhost:5000", repository: "app", tag: "V.1-x_y" },
    ],
    ["Reg/app", { registry: "Reg", repository: "app" }],
    ["reg.example/a/b.c/d__e--f", { registry: "reg.example", repository: "a/b.c/d__e--f" }],
    ["[::1]:5000/app", { registry: "[::1]:5000", repository: "app" }],
    [`app@${digest}`, { registry: "docker.io", repository: "library/app", digest }],
    [`r:1/app:2@${digest}`, { registry: "r:1", repository: "app", tag: "2", digest }],
    ["r:5000/app", { registry: "r:5000", repository: "app" }],
  ])("reads %s", (value, expected) => {
    expect(parseImageReference(value)).toEqual({ ok: true, value: expected });
  });

  it.each([
    ["", "must name an image, such as `busybox:1.36` or `registry.example:5000/team/app`"],
    [":1", "must name an image, such as `busybox:1.36` or `registry.example:5000/team/app`"],
    [
      "0a".repeat(32),
      "must be the name of an image: 64 hex digits are the id of one, which other nodes do not know",
    ],
    [
      "-r.example/app",
      "must begin with a valid name of a registry, such as `registry.example:5000/`",
    ],
    ["r:port/app", "must begin with a valid name of a registry, such as `registry.example:5000/`"],
    ["Nginx", "must have a path in lower case: only a registry and a tag may have upper case"],
    ["r.io/App", "must have a path in lower case: only a registry and a tag may have upper case"],
    ["a//b", pathRule()],
    ["/a", pathRule()],
    ["a/", pathRule()],
    ["a..b", pathRule()],
    ["a___b", pathRule()],
    ["a b", pathRule()],
    ["https://r.io/a", pathRule()],
    ["é", pathRule()],
    [`r.io/${"a".repeat(256)}`, "must have a path of at most 255 characters"],
    ["a:", tagRule()],
    ["a:.x", tagRule()],
    [`a:${"x".repeat(129)}`, tagRule()],
    ["a@sha256:0a", "must have a digest of `sha256:` and 64 lower-case hex digits after `@`"],
    ["a@", "must have a digest of `sha256:` and 64 lower-case hex digits after `@`"],
  ])("refuses %j", (value, rule) => {
    expect(rules(value)).toContain(rule);
  });

  it("tells all that is wrong at once", () => {
    expect(rules("r:x/A:!@y")).toHaveLength(4);
  });

  it("takes only what it reads again from its parts", () => {
    assert(
      property(string({ unit: "grapheme-ascii" }), (value) => {
        const parsed = parseImageReference(value);
        if (!parsed.ok) return;
        const { registry, repository, tag, digest: pinned } = parsed.value;
        const spelt = `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${pinned === undefined ? "" : `@${pinned}`}`;
        expect(parseImageReference(spelt)).toEqual(parsed);
      }),
      { numRuns: 1000 },
    );
  });
});

function pathRule(): string {
  return "must have a path of lower-case letters and digits, separated by `/`, `.`, `_`, `__` or `-`";
}

function tagRule(): string {
  return "must have a tag of 1 to 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`";
}
