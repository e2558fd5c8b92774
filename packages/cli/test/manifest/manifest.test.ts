import { readdir, readFile } from "node:fs/promises";
import { DesiredState, WorkloadType } from "@persys/client/contract";
import { describe, expect, it } from "vitest";
import { fieldText } from "../../src/manifest/field-segments.ts";
import { parseManifests } from "../../src/manifest/manifest.ts";

/** What is wrong with a file, as the user reads it. */
function problemsOf(...texts: readonly string[]): readonly string[] {
  const parsed = parseManifests(texts.map((text, index) => ({ name: `${index + 1}.yaml`, text })));
  if (parsed.ok) return [];
  return parsed.problems.map(
    ({ file, line, column, path, rule }) => `${file}:${line}:${column} ${fieldText(path)}: ${rule}`,
  );
}

function requestsOf(text: string) {
  const parsed = parseManifests([{ name: "file", text }]);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.manifests.map(({ request }) => request);
}

describe("parseManifests", () => {
  it("reads the short form", () => {
    const [request] = requestsOf(`
id: hello
type: process
revision: "1"
desired_state: stopped
spec:
  process: { command: [/bin/sh], env: { A: b }, restart_policy: { policy: no } }
`);

    expect(request).toMatchObject({
      id: "hello",
      type: WorkloadType.PROCESS,
      revisionId: "1",
      desiredState: DesiredState.STOPPED,
      spec: {
        spec: {
          case: "process",
          value: { command: ["/bin/sh"], env: { A: "b" }, restartPolicy: { policy: "no" } },
        },
      },
    });
  });

  it.each([
    [
      "snake_case",
      '{"id":"a","type":"WORKLOAD_TYPE_CONTAINER","revision_id":"r","desired_state":"DESIRED_STATE_RUNNING","spec":{"container":{"image":"x","restart_policy":{"max_retry_count":3}}}}',
    ],
    [
      "camelCase",
      '{"id":"a","type":"WORKLOAD_TYPE_CONTAINER","revisionId":"r","desiredState":"DESIRED_STATE_RUNNING","spec":{"container":{"image":"x","restartPolicy":{"maxRetryCount":3}}}}',
    ],
  ])("reads the JSON of the contract in %s", (_, text) => {
    expect(requestsOf(text)[0]).toMatchObject({
      type: WorkloadType.CONTAINER,
      revisionId: "r",
      spec: { spec: { value: { image: "x", restartPolicy: { maxRetryCount: 3 } } } },
    });
  });

  it("reads JSON that is indented with tabs", () => {
    expect(requestsOf('{\n\t"id": "a",\n\t"spec": {"process": {}}\n}\n')[0]?.id).toBe("a");
  });

  it("reads several documents and passes over empty ones", () => {
    const text =
      "---\n# nothing yet\n---\nid: a\nspec: {process: {}}\n---\nid: b\nspec: {process: {}}\n---\n";

    expect(requestsOf(text).map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("names every violation of every document with its place", () => {
    const text = `id: web
revision: 2
type: proces
spec:
  process:
    commnad: [/bin/sh]
    env:
      PORT: 8080
      EMPTY:
    resources: { memory_bytes: lots }
---
id: other
`;

    expect(problemsOf(text)).toEqual([
      '1.yaml:2:1 revision: must be a string, not a number: write "2"',
      '1.yaml:3:1 type: "proces" is unknown: did you mean process?',
      "1.yaml:6:5 spec.process.commnad: is not a field of ProcessSpec: did you mean command?",
      '1.yaml:8:7 spec.process.env.PORT: must be a string, not a number: write "8080"',
      "1.yaml:9:7 spec.process.env.EMPTY: must be a string, not null",
      '1.yaml:10:18 spec.process.resources.memory_bytes: must be a whole number of 64 bits, beyond 9007199254740991 as a string, not "lots"',
      "1.yaml:12:1 spec: is required",
    ]);
  });

  it("keeps the text of a number it proposes to quote", () => {
    expect(problemsOf("id: a\nrevision: 1.10\nspec: {process: {}}\n")).toEqual([
      '1.yaml:2:1 revision: must be a string, not a number: write "1.10"',
    ]);
  });

  it("refuses two specs at once", () => {
    const problems = problemsOf("id: a\nspec: {process: {}, container: {image: x}}\n");

    expect(problems).toEqual([
      expect.stringContaining("1.yaml:2:21 spec.container: cannot be set together with process"),
    ]);
  });

  it("refuses the same id twice, across files", () => {
    const text = "id: a\nspec: {process: {}}\n";

    expect(problemsOf(text, `# second\n${text}`)).toEqual([
      '2.yaml:2:1 id: "a" is already the id of 1.yaml:1',
    ]);
  });

  it("leaves what is the command line's to say to the command line", () => {
    expect(problemsOf("id: a\nwait: true\nspec: {process: {}}\n")).toEqual([
      "1.yaml:2:1 wait: is not for files: use --wait",
    ]);
  });

  it.each([
    [
      "revision and revision_id",
      "id: a\nrevision: x\nrevision_id: y\nspec: {process: {}}\n",
      "1.yaml:3:1 revision_id: is given twice: revision and revision_id are the same",
    ],
    ["a key twice", "id: a\nid: b\n", "1.yaml:2:1 : Map keys must be unique"],
    ["a list", "- id: a\n", "1.yaml:1:1 : must be a map with the keys id and spec"],
    ["a word", "hello\n", "1.yaml:1:1 : must be a map with the keys id and spec"],
    ["nothing", "# empty\n", "1.yaml:1:1 : holds no workload"],
    [
      "an alias that leads nowhere",
      "id: a\nspec: *gone\n",
      "1.yaml:2:7 : Unresolved alias (the anchor must be set before the alias): gone",
    ],
  ])("refuses %s", (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it("refuses aliases that unfold without end", () => {
    const levels = [
      "a: &a [x,x,x,x,x,x,x,x,x]",
      ..."bcdefg"
        .split("")
        .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${"abcdef"[at]}`).join(",")}]`),
    ];

    expect(problemsOf(`id: bomb\n${levels.join("\n")}\n`)).toEqual([
      expect.stringContaining("alias"),
    ]);
  });

  it("refuses what is nested without end, in words for people", () => {
    const deep = `id: a\nspec: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`;

    expect(problemsOf(deep)).toEqual([
      expect.stringMatching(/^1\.yaml:2:\d+ : is nested too deeply$/),
    ]);
  });

  it("locates what the agent finds wrong, by the names of the contract", () => {
    const text =
      "id: a\nspec:\n  process:\n    restartPolicy:\n      policy: sometimes\n    command: [x,\n      y]\n";
    const parsed = parseManifests([{ name: "f", text }]);
    const manifest = parsed.ok ? parsed.manifests[0] : undefined;

    expect(manifest?.locate(["spec", "process", "restart_policy", "policy"])).toEqual({
      file: "f",
      line: 5,
      column: 7,
    });
    expect(manifest?.locate(["spec", "process", "command", 1])).toEqual({
      file: "f",
      line: 7,
      column: 7,
    });
    expect(manifest?.locate(["spec", "process", "user"])).toEqual({
      file: "f",
      line: 3,
      column: 3,
    });
    expect(manifest?.locate([])).toEqual({ file: "f", line: 1, column: 1 });
  });

  it("reads every workload file of the examples", async () => {
    const folder = new URL("../../../../examples/", import.meta.url);
    const names = (await readdir(folder)).filter(
      (name) => /\.(?:yaml|json)$/.test(name) && name !== "tsconfig.json",
    );

    expect(names.length).toBeGreaterThanOrEqual(8);
    for (const name of names) {
      const text = await readFile(new URL(name, folder), "utf8");
      expect(parseManifests([{ name, text }])).toMatchObject({ ok: true });
    }
  });
});
