import { describe, expect, it } from "vitest";
import { otlpEndpoint } from "../../src/config/otlp-endpoint.ts";

describe("an OTLP endpoint", () => {
  it.each([
    ["http://collector:4318", "http://collector:4318"],
    ["https://collector.example", "https://collector.example"],
    ["http://collector:4318/", "http://collector:4318"],
    ["collector:4318", "http://collector:4318"],
    ["10.0.0.7:4318", "http://10.0.0.7:4318"],
    ["http://collector:4318/v1/traces", "http://collector:4318"],
    ["http://collector/otel/v1/traces/", "http://collector/otel"],
    ["http://collector/otel", "http://collector/otel"],
    ["None", "none"],
  ])("%s is %s", (text, value) => {
    expect(otlpEndpoint.read(text)).toEqual({ ok: true, value });
    expect(otlpEndpoint.read(otlpEndpoint.write(value))).toEqual({ ok: true, value });
  });

  it.each([
    "",
    "http://",
    "ftp://collector",
    "http://user:pw@collector",
    "http://c/?token=x",
    null,
  ])("is not %j", (input) => {
    expect(otlpEndpoint.read(input)).toMatchObject({ ok: false });
  });
});
