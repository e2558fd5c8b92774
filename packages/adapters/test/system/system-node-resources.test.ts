import { tmpdir } from "node:os";
import { SystemNodeResources } from "@persys/adapters/system";
import type { LogFields, Logger } from "@persys/core";
import { describe, expect, it } from "vitest";

describe("SystemNodeResources", () => {
  it("samples memory and disk when it starts", async () => {
    const resources = new SystemNodeResources({ path: tmpdir() });

    await resources.start();
    const { memoryPercent, diskPercent, cpuPercent } = resources.utilization();
    await resources.close();

    expect(memoryPercent).toBeGreaterThan(0);
    expect(memoryPercent).toBeLessThan(100);
    expect(diskPercent).toBeGreaterThanOrEqual(0);
    expect(diskPercent).toBeLessThanOrEqual(100);
    expect(cpuPercent).toBeGreaterThanOrEqual(0);
    expect(cpuPercent).toBeLessThanOrEqual(100);
  });

  it("goes on sampling until it is closed, in one place only", async () => {
    const resources = new SystemNodeResources({ path: tmpdir(), intervalMs: 100 });
    await resources.start();
    await resources.start();
    const first = resources.utilization();

    await expect.poll(() => resources.utilization(), { timeout: 10_000 }).not.toBe(first);
    await resources.close();
    await resources.close();
  });

  it("warns once about a path that cannot be read and keeps the rest", async () => {
    const warnings: LogFields[] = [];
    const logger: Logger = {
      debug: () => {},
      info: () => {},
      error: () => {},
      warn: (_, fields) => warnings.push(fields ?? {}),
    };
    const resources = new SystemNodeResources({ path: "/no/such/path", logger });

    await resources.start();
    await resources.start();
    await resources.close();

    expect(warnings.map(({ source }) => source)).toEqual(["disk"]);
    expect(resources.utilization().diskPercent).toBe(0);
    expect(resources.utilization().memoryPercent).toBeGreaterThan(0);
  });
});
