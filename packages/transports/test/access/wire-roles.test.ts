import { create, type DescMethod } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { silentLogger } from "@persys/core";
import {
  type AgentRpc,
  bearerAuthenticator,
  createAgentHandlers,
  createConnectTransport,
  createGrpcTransport,
  type Role,
  roles,
  rpcRoles,
  type ServerTransport,
} from "@persys/transports";
import { AgentService } from "@persys/transports/gen";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { protocols, type ProtocolClient } from "../connect/protocol-clients.ts";
import { FakeAgent, statusOf } from "../fake-agent.ts";

/** Every method of the contract, as it is described to clients: a new one is tested without a line here. */
const everyMethod = AgentService.methods.map((method) => [method.name, method] as const);

const principals = new Map(roles.map((role) => [role, { identity: `a ${role}`, role }] as const));

const ports = [
  ["grpc", "gRPC by grpc-js"],
  ["connect", "gRPC by connect-node"],
  ["connect", "Connect JSON by fetch"],
  ["connect", "gRPC-Web over HTTP/1.1"],
] as const;

function isAllowed(role: Role, method: DescMethod): boolean {
  const needed = rpcRoles[method.localName as AgentRpc];
  return roles.indexOf(role) >= roles.indexOf(needed);
}

describe.each(ports)("over the %s transport, %s", (by, protocol) => {
  let agent: FakeAgent;
  let transport: ServerTransport;
  let port: number;
  const clients: ProtocolClient[] = [];

  beforeAll(async () => {
    agent = new FakeAgent();
    agent.put(statusOf("web"));
    transport = (by === "grpc" ? createGrpcTransport : createConnectTransport)({
      handlers: createAgentHandlers({ api: agent, logger: silentLogger }),
      host: "127.0.0.1",
      port: 0,
      authenticate: bearerAuthenticator(principals),
    });
    ({ port } = await transport.start());
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    await transport.stop(0);
  });

  /** The code that a call ends with; undefined where it was answered. */
  async function codeOf(
    method: DescMethod,
    token: string | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Code | undefined> {
    const makeClient = protocols[protocol];
    if (makeClient === undefined) throw new Error(`no client for ${protocol}`);
    const client = makeClient(port, { headers, ...(token === undefined ? {} : { token }) });
    clients.push(client);
    const input = create(method.input);
    if ("id" in input) input.id = "web";
    const given = new AbortController();
    try {
      if (method.methodKind === "unary")
        await client.call({ ...method, methodKind: "unary" }, input);
      else if (method.methodKind === "server_streaming") {
        const answers = client.open(
          { ...method, methodKind: "server_streaming" },
          input,
          given.signal,
        );
        for await (const _ of answers) break;
      } else throw new Error(`no test knows how to call ${method.name}`);
      return undefined;
    } catch (error) {
      // The clients of each library have it there.
      if (error instanceof Error && "code" in error) return error.code as Code;
      throw error;
    } finally {
      given.abort();
    }
  }

  it.each(everyMethod)("%s is for those whose role is high enough alone", async (_, method) => {
    for (const role of roles) {
      const code = await codeOf(method, role);

      if (isAllowed(role, method)) expect([role, code]).not.toEqual([role, Code.PermissionDenied]);
      else expect([role, code]).toEqual([role, Code.PermissionDenied]);
      expect([role, code]).not.toEqual([role, Code.Unauthenticated]);
      // A method that no transport has put up would be refused to nobody.
      expect([role, code]).not.toEqual([role, Code.Unimplemented]);
    }
  });

  it.each(everyMethod)(
    "%s is for nobody without a token, or with a wrong one",
    async (_, method) => {
      const before = agent.callers.length + agent.filters.length;

      for (const token of [undefined, "wrong", "Admin", "admin2"]) {
        expect([token, await codeOf(method, token)]).toEqual([token, Code.Unauthenticated]);
      }
      expect(agent.callers.length + agent.filters.length).toBe(before);
    },
  );

  it("nobody becomes more than he is by what he says of himself", async () => {
    const claims = {
      "x-forwarded-user": "a admin",
      "x-forwarded-client-cert": 'URI="spiffe://persys.local/scheduler";Subject="CN=admin"',
      "x-ssl-client-verify": "SUCCESS",
      "x-persys-role": "admin",
      "x-persys-identity": "admin",
      forwarded: "for=127.0.0.1;by=admin",
    };

    for (const [, method] of everyMethod.filter(([, one]) => !isAllowed("viewer", one))) {
      expect(await codeOf(method, "viewer", claims)).toBe(Code.PermissionDenied);
      expect(await codeOf(method, undefined, claims)).toBe(Code.Unauthenticated);
    }
  });
});
