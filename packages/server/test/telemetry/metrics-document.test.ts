import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { metricsDocument } from "../support/metrics-document.ts";

const path = fileURLToPath(new URL("../../../../docs/metrics.md", import.meta.url));

describe("docs/metrics.md", () => {
  it("says what the table says (vitest -u writes it anew)", async () => {
    await expect(metricsDocument()).toMatchFileSnapshot(path);
  });
});
