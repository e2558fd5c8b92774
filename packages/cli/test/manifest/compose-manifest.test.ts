import { WorkloadType } from "@persys/client/contract";
import { describe, expect, it } from "vitest";
import { composeManifest } from "../../src/manifest/compose-manifest.ts";

const apply = { id: "shop", revision: "2", env: { TAG: "1" } };
const text = "services:\n  web:\n    image: web:1\n    build: .\n";

describe("composeManifest", () => {
  it("makes a workload of a plain compose file, as it is", () => {
    const parsed = composeManifest({ name: "compose.yaml", text }, apply);

    expect(parsed).toMatchObject({
      ok: true,
      manifests: [
        {
          request: {
            id: "shop",
            type: WorkloadType.COMPOSE,
            revisionId: "2",
            spec: { spec: { case: "compose", value: { composeYaml: text, env: { TAG: "1" } } } },
          },
        },
      ],
    });
  });

  it("knows where in the file a part of it stands", () => {
    const parsed = composeManifest({ name: "compose.yaml", text }, apply);
    const path = ["spec", "compose", "compose_yaml", "services", "web", "build"];

    expect(parsed.ok && parsed.manifests[0]?.locate(path)).toEqual({
      file: "compose.yaml",
      line: 4,
      column: 5,
    });
  });

  it.each([
    ["nothing", "", "holds no compose file"],
    ["several documents", `${text}---\n${text}`, "holds more than one document"],
  ])("refuses a file with %s", (_, content, rule) => {
    const parsed = composeManifest({ name: "f", text: content }, apply);

    expect(parsed).toMatchObject({ ok: false, problems: [{ rule }] });
  });
});
