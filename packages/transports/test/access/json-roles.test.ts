import { expect, it } from "vitest";
import { plainRequest } from "../connect/raw-client.ts";
import { serve } from "../connect/serving.ts";

it("JSON with a wrong field is not checked for who may not ask for it", async () => {
  const { agent, port, transport } = await serve({ role: "viewer" });
  const path = "/persys.agent.v1.AgentService/ApplyWorkload";
  const body = JSON.stringify({ id: "web", colour: "red", spec: { process: { command: ["x"] } } });

  const { status } = await plainRequest({ port, path, body });
  await transport.stop(0);

  expect(status).toBe(403);
  expect(agent.applied).toEqual([]);
});
