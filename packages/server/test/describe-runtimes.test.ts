import { describe, expect, it } from "vitest";
import { describeRuntimes } from "../src/describe-runtimes.ts";

describe("describeRuntimes", () => {
  it("names the version of what answers, and why the others do not", () => {
    const health = {
      runtimes: { process: "healthy", container: "unhealthy: no engine", custom: "healthy" },
      runtimeVersions: { process: "1", container: "20.10" },
    };

    expect(describeRuntimes(health)).toEqual({
      process: "1",
      container: "unhealthy: no engine",
      custom: "healthy",
    });
  });
});
