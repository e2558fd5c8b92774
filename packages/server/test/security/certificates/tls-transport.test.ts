import { once } from "node:events";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";
import { SystemClock } from "@persys/adapters/system";
import { createNodeAgentClient } from "@persys/client/node";
import { type AgentApi, silentLogger } from "@persys/core";
import {
  type Authenticate,
  createAgentHandlers,
  createConnectTransport,
  createGrpcTransport,
  type ServerTransport,
} from "@persys/transports";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CertificatePair } from "../../../src/security/certificates/authority.ts";
import { issueCertificate, makeAuthority } from "../../../src/security/certificates/authority.ts";
import { WatchedCertificates } from "../../../src/security/certificates/watched-certificates.ts";
import { startedEngine } from "../../support/started-engine.ts";
import { CertificateFolder, serverSubject } from "./certificate-folder.ts";

const client = { commonName: "persys-scheduler", use: "client" } as const;

/** Everybody whose certificate is trusted. */
const byCertificate =
  (certificates: WatchedCertificates): Authenticate =>
  ({ peer: { certificate, authorized } }) => {
    const because =
      certificate === undefined
        ? "none shown"
        : (certificates.distrust(certificate) ?? (authorized ? undefined : "not verified"));
    return because === undefined
      ? { kind: "known", principal: { identity: certificate?.subject ?? "", role: "admin" } }
      : { kind: "unknown", because };
  };

let folder: CertificateFolder;
let certificates: WatchedCertificates;
let api: AgentApi;
let stopEngine: () => Promise<void>;
let transports: ServerTransport[];

beforeEach(async () => {
  folder = await CertificateFolder.make({ hasList: true });
  const clock = new SystemClock();
  const opened = await WatchedCertificates.open({
    files: folder.files,
    clock,
    logger: silentLogger,
  });
  if (!opened.ok) throw new Error(opened.problems.join("\n"));
  ({ certificates } = opened);
  ({ api, stop: stopEngine } = await startedEngine());
  transports = [];
});

afterEach(async () => {
  for (const transport of transports) await transport.stop(0);
  certificates.close();
  await stopEngine();
  await folder.dispose();
});

type Port = "API" | "gRPC";

async function serve(clientCertificates: "required" | "asked", by: Port = "API"): Promise<number> {
  const create = by === "gRPC" ? createGrpcTransport : createConnectTransport;
  const transport = create({
    handlers: createAgentHandlers({ api, logger: silentLogger }),
    host: "127.0.0.1",
    port: 0,
    authenticate: byCertificate(certificates),
    tls: { source: certificates, clientCertificates },
  });
  transports.push(transport);
  return (await transport.start()).port;
}

type Protocol = "gRPC" | "Connect over HTTP/2" | "Connect over HTTP/1.1";
const protocols: readonly Protocol[] = ["gRPC", "Connect over HTTP/2", "Connect over HTTP/1.1"];

/** Asks for the health once, on a connection of its own. */
async function ask(
  port: number,
  pair?: CertificatePair,
  protocol: Protocol = "gRPC",
): Promise<string> {
  const agent = createNodeAgentClient({
    baseUrl: `https://localhost:${port}`,
    protocol: protocol === "gRPC" ? "grpc" : "connect",
    httpVersion: protocol === "Connect over HTTP/1.1" ? "1.1" : "2",
    tls: {
      ca: folder.authority.certificate,
      ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
    },
  });
  return (await agent.healthCheck({})).healthy ? "healthy" : "unwell";
}

const refusal = (asking: Promise<unknown>): Promise<ConnectError> =>
  asking.then(
    () => Promise.reject(new Error("it was let in")),
    (error: unknown) => ConnectError.from(error),
  );

/** A bare connection, once its handshake is done. */
async function dial(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const ca = folder.authority.certificate;
  const socket = connect({ port, host: "localhost", ca, ALPNProtocols: ["h2"], ...options });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

const ports: readonly Port[] = ["API", "gRPC"];
const places = ports.flatMap((by) => [
  { by, mode: "required" as const },
  { by, mode: "asked" as const },
]);

describe.each(places)("a port ($by) where certificates are $mode", ({ by, mode }) => {
  const spoken = protocols.filter((protocol) => by === "API" || protocol === "gRPC");

  it.each(spoken)("lets a client with a trusted one in: %s", async (protocol) => {
    expect(await ask(await serve(mode, by), await folder.issue(client), protocol)).toBe("healthy");
  });

  it.each<[string, () => Promise<CertificatePair | undefined>]>([
    ["none", async () => undefined],
    [
      "one of another authority",
      async () => issueCertificate(await makeAuthority("Else", 5), client, 5),
    ],
    ["one that signed itself", () => makeAuthority("persys-scheduler", 5)],
    ["one that has expired", () => folder.issue(client, -1)],
    ["one of a server", () => folder.issue({ ...client, use: "server" })],
  ])("keeps a client out that has %s", async (_, makePair) => {
    const port = await serve(mode, by);
    const pair = await makePair();

    for (const protocol of spoken) {
      const { code } = await refusal(ask(port, pair, protocol));
      if (mode === "asked") expect([protocol, code]).toEqual([protocol, Code.Unauthenticated]);
      else expect(code).not.toBe(Code.Unauthenticated);
    }
  });

  it("lets a client in by way of an authority between, until the authorities change", async () => {
    const port = await serve(mode, by);
    const between = await issueCertificate(
      folder.authority,
      { commonName: "Between", use: "authority" },
      5,
    );
    const leaf = await issueCertificate(between, client, 5);
    const pair = { certificate: leaf.certificate + between.certificate, key: leaf.key };
    for (const protocol of spoken) expect(await ask(port, pair, protocol)).toBe("healthy");
    const socket = await dial(port, { cert: pair.certificate, key: pair.key });
    const ended = once(socket.resume(), "close");

    const both = { ...folder.authority };
    both.certificate += (await makeAuthority("Successor", 5)).certificate;
    await folder.trust(both);
    await certificates.reread();

    await ended;
    expect(await ask(port, pair)).toBe("healthy");
  });

  it("speaks nothing older than TLS 1.2, also after its certificates have changed", async () => {
    const port = await serve(mode, by);
    const { certificate: cert, key } = await folder.issue(client);
    const old = { cert, key, minVersion: "TLSv1.1", maxVersion: "TLSv1.1" } as const;

    await expect(dial(port, { ...old, ciphers: "DEFAULT@SECLEVEL=0" })).rejects.toThrow();
    await folder.serve(await folder.issue(serverSubject));
    await certificates.reread();

    await expect(dial(port, { ...old, ciphers: "DEFAULT@SECLEVEL=0" })).rejects.toThrow();
    const socket = await dial(port, { cert, key });
    expect(socket.getProtocol()).toBe("TLSv1.3");
    socket.destroy();
  });

  it("shows new connections its new certificate and keeps those there are", async () => {
    const port = await serve(mode, by);
    const { certificate: cert, key } = await folder.issue(client);
    const before = await dial(port, { cert, key });
    const shown = before.getPeerX509Certificate()?.serialNumber;

    await folder.serve(await folder.issue(serverSubject));
    await certificates.reread();
    const after = await dial(port, { cert, key });

    expect(after.getPeerX509Certificate()?.serialNumber).not.toBe(shown);
    expect(before.destroyed).toBe(false);
    before.destroy();
    after.destroy();
  });

  it("cuts off clients whose certificate is revoked, and no others", async () => {
    const port = await serve(mode, by);
    const [lost, kept] = [await folder.issue(client), await folder.issue(client)];
    const connections = [];
    for (const { certificate: cert, key } of [lost, kept]) {
      connections.push(await dial(port, { cert, key }));
    }
    const [ofLost, ofKept] = connections;
    const ended = once(ofLost?.resume() ?? process, "close");

    const { serialNumber } = await import("node:crypto").then(
      ({ X509Certificate }) => new X509Certificate(lost.certificate),
    );
    await folder.revoke([serialNumber]);
    await certificates.reread();
    await ended;

    expect(ofKept?.destroyed).toBe(false);
    expect((await refusal(ask(port, lost))).code).toBeDefined();
    expect(await ask(port, kept)).toBe("healthy");
    ofKept?.destroy();
  });

  it("cuts off clients whose authority is trusted no more", async () => {
    const port = await serve(mode, by);
    const { certificate: cert, key } = await folder.issue(client);
    const socket = await dial(port, { cert, key });
    const ended = once(socket.resume(), "close");

    const successor = await makeAuthority("Successor", 5);
    const before = folder.authority;
    await folder.trust(successor);
    folder.authority = successor;
    await folder.revoke([]);
    await certificates.reread();
    await ended;

    folder.authority = before;
    expect((await refusal(ask(port, { certificate: cert, key }))).code).toBeDefined();
  });
});

describe("a port that serves over TLS", () => {
  it("ends at once where nobody asks, and waits for nobody's handshake", async () => {
    const port = await serve("asked");
    const idle = await dial(port, { ALPNProtocols: ["http/1.1"] });
    const { connect: connectPlainly } = await import("node:net");
    const silent = connectPlainly({ port, host: "localhost" });
    silent.on("error", () => {});
    await once(silent, "connect");
    const ended = Promise.all([once(idle.resume(), "close"), once(silent.resume(), "close")]);

    await transports.pop()?.stop(60_000);
    await ended;
  });
});
