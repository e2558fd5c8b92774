import { describe, expect, it } from "vitest";
import { configTable } from "../../src/config/config-table.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { showConfig } from "../../src/config/show-config.ts";

describe("showConfig", () => {
  const env = { PERSYS_HTTP_PORT: "7", PERSYS_NODE_LABELS: "a=b" };
  const loaded = loadConfig({ flags: {}, env, file: undefined, devDir: undefined });
  if (!loaded.ok) throw new Error("the settings of this test are wrong");
  const { config, origins } = loaded;

  it("shows every setting with where it came from", () => {
    const lines = showConfig(config, origins).trimEnd().split("\n");

    expect(lines).toHaveLength(Object.keys(configTable).length);
    expect(lines).toContainEqual(expect.stringMatching(/^http_port: "7" +# PERSYS_HTTP_PORT$/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^node_labels: "a=b" +# PERSYS_NODE_LABELS$/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^metrics_port: "8089" +# default$/));
  });

  it("does not show a secret", () => {
    const rows = [{ name: "nodeId", option: { ...configTable.nodeId, secret: true } } as const];

    expect(showConfig({ ...config, nodeId: "s3cret" }, origins, rows)).toContain('"<redacted>"');
  });
});
