import { readFileSync } from "node:fs";
import { testImages } from "../../../../test/docker/test-images.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { anyCommand, describeWithCompose } from "../../../../test/docker/compose-commands.ts";
import { forever, targetOf } from "../support/runtime-calls.ts";
import { ComposeHarness } from "./compose-harness.ts";

const file = new URL("../../../../examples/shop/compose.yaml", import.meta.url);

describeWithCompose("examples/shop/compose.yaml", anyCommand(), (words) => {
  let host: ComposeHarness;

  beforeAll(() => {
    host = new ComposeHarness(words);
  });

  afterAll(async () => {
    await host.close();
  });

  it("comes up, is healthy, and goes", async () => {
    // The image of the example is made by a script; that of the tests has all it needs.
    const composeYaml = readFileSync(file, "utf8").replaceAll(
      "persys-example/web:1",
      testImages.web,
    );
    const spec = { composeYaml, env: { GREETING: "hello" } };
    const parsed = host.runtime.parseSpec(spec);
    expect(parsed).toMatchObject({ ok: true });
    const target = targetOf(host.id("shop"), spec);
    await host.run(target);
    const up = await host.reaches(target.id, (one) => one.health === "healthy");
    expect(up.drift).toEqual([]);
    expect(up.facts["compose.service.prepare"]).toContain("done, exit code 0");
    expect(await host.output(target.id)).toContain("prepare-1 | prepared");
    await host.runtime.remove(target.id, forever);
    expect(await host.census()).toEqual([]);
  }, 60_000);
});
