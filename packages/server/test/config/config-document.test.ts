import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { configDocument } from "../support/config-document.ts";

const path = fileURLToPath(new URL("../../../../docs/configuration.md", import.meta.url));

describe("docs/configuration.md", () => {
  it("says what the tables say (vitest -u writes it anew)", async () => {
    await expect(configDocument()).toMatchFileSnapshot(path);
  });
});
