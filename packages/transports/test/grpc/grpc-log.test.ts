import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { serve } from "../connect/serving.ts";
import { beginCall, openSession, statusOfCall } from "../net/http2-client.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("a token that cannot be one is not written to the log of the gRPC library", async () => {
  const written: unknown[] = [];
  vi.spyOn(console, "error").mockImplementation((...words) => void written.push(words));
  const { port, transport } = await serve({ by: "grpc" });
  onTestFinished(() => transport.stop(0));
  const here = await openSession(port);
  const authorization = Buffer.from("Bearer sécret").toString("latin1");

  const status = await statusOfCall(beginCall(here, "WhoAmI", { headers: { authorization } }));

  here.session.destroy();
  expect(status).toBe(16);
  expect(written).toEqual([]);
});
