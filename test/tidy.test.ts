import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";

/** Rules of this repository that no linter knows. */

const root = new URL("..", import.meta.url).pathname;

const GENERATED = /^packages\/transports\/src\/gen\/|^package-lock\.json$/;
const SOURCE = /\.(?:ts|mjs|cjs|js|sh|proto|ya?ml|json|md)$|^\.ci\//;
const BANNED_NAME = /^(?:utils?|helpers?|common|managers?|misc)$/;
const MARKER = /\b(?:TODO|FIXME|XXX)\b/;
const SILENCED_CHECK = /(?:oxlint|eslint|biome)-(?:disable|ignore)|@ts-(?:ignore|nocheck)/;
const LAUNDERED_TYPE = /\bas unknown as\b/;
const WEAKENED_TEST = /\b(?:it|test|describe)\.(?:only|skip|todo|fails)\(|\bvi\.(?:mock|doMock)\(/;
const MACHINE_PATH = /(?:^|[\s"'`(=:])\/(?:home|root|Users|work)\/[\w.-]/;

/** Files a commit would hold: tracked or new, still there, written by hand. */
const files = handWrittenFiles();

function handWrittenFiles(): ReadonlyArray<string> {
  const deleted = new Set(gitFiles(["--deleted"]));
  return gitFiles(["--cached", "--others", "--exclude-standard"]).filter(
    (path) => !deleted.has(path) && !GENERATED.test(path),
  );
}

function gitFiles(flags: ReadonlyArray<string>): ReadonlyArray<string> {
  return execFileSync("git", ["ls-files", "-z", ...flags], { cwd: root, encoding: "utf8" })
    .split("\0")
    .filter((path) => path !== "");
}

/** `path:line` of every line of a hand-written text file that matches. */
function linesMatching(pattern: RegExp): ReadonlyArray<string> {
  return files
    .filter((path) => SOURCE.test(path) && path !== "test/tidy.test.ts")
    .flatMap((path) =>
      readFileSync(`${root}${path}`, "utf8")
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
    );
}

describe("the repository", () => {
  it("sees its own files", () => {
    expect(files).toContain("package.json");
    expect(files).toContain("test/tidy.test.ts");
  });

  it("holds no note of work left undone", () => {
    expect(linesMatching(MARKER)).toEqual([]);
  });

  it("silences no check", () => {
    expect(linesMatching(SILENCED_CHECK)).toEqual([]);
  });

  it("launders no type through unknown", () => {
    expect(linesMatching(LAUNDERED_TYPE)).toEqual([]);
  });

  it("leaves out no test and mocks no module", () => {
    expect(linesMatching(WEAKENED_TEST)).toEqual([]);
  });

  it("names no path of the machine it was written on", () => {
    expect(linesMatching(MACHINE_PATH)).toEqual([]);
  });

  it("names source files in kebab-case", () => {
    const odd = files
      .filter((path) => /^packages\/[^/]+\/(?:src|test)\/.*\.ts$/.test(path))
      .filter((path) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)*\.ts$/.test(basename(path)));

    expect(odd).toEqual([]);
  });

  it("names files and folders after what they hold", () => {
    const vague = files.filter((path) =>
      path
        .split("/")
        .flatMap((part) => part.split(/[-.]/))
        .some((word) => BANNED_NAME.test(word)),
    );

    expect(vague).toEqual([]);
  });
});
