import { once } from "node:events";
import { connect } from "node:tls";
import { SystemClock } from "@persys/adapters/system";
import { createNodeAgentClient } from "@persys/client/node";
import {
  createAgentHandlers,
  createConnectTransport,
  createGrpcTransport,
} from "@persys/transports";
import { expect } from "vitest";
import type { CertificatePair } from "../../../src/security/certificates/authority.ts";
import { WatchedCertificates } from "../../../src/security/certificates/watched-certificates.ts";
import { type RecordingLogger, recordingLogger } from "../../support/recording-logger.ts";
import { startedEngine } from "../../support/started-engine.ts";
import { CertificateFolder, serverSubject } from "./certificate-folder.ts";

/** What came of it. */
export interface SwapReport {
  readonly calls: number;
  readonly handshakes: number;
  /** In words, each call that failed. */
  readonly failures: readonly string[];
  /** How often a pair that did not fit together was put into place. */
  readonly broken: number;
}

const swapTimeoutMs = 20_000;
/** Every so many swaps one is tried with a key that is not that of the certificate. */
const brokenEvery = 4;

/**
 * Puts new certificates in place so many times while clients of both ports call without a pause, over connections they keep and over new ones.
 * Every swap is waited for until new connections are shown the new certificate.
 */
export async function swapUnderLoad(swaps: number): Promise<SwapReport> {
  const folder = await CertificateFolder.make();
  const logger = recordingLogger();
  const clock = new SystemClock();
  const opened = await WatchedCertificates.open({ files: folder.files, clock, logger });
  if (!opened.ok) throw new Error(opened.problems.join("\n"));
  const { certificates } = opened;
  const { api, stop: stopEngine } = await startedEngine();
  const shared = {
    handlers: createAgentHandlers({ api, logger }),
    host: "127.0.0.1",
    port: 0,
    authenticate: () => ({
      kind: "known" as const,
      principal: { identity: "x", role: "admin" as const },
    }),
    tls: { source: certificates, clientCertificates: "required" as const },
  };
  const transports = [createConnectTransport(shared), createGrpcTransport(shared)];
  const [http = 0, grpc = 0] = await Promise.all(
    transports.map(async (transport) => (await transport.start()).port),
  );
  const mine = await folder.issue({ commonName: "persys-scheduler", use: "client" });
  const load = new Load(folder.authority.certificate, mine);
  const loads = [
    load.run({ port: http, protocol: "connect", httpVersion: "1.1" }),
    load.run({ port: http, protocol: "connect", httpVersion: "2" }),
    load.run({ port: http, protocol: "grpc" }),
    load.run({ port: grpc, protocol: "grpc" }),
  ];
  let broken = 0;
  try {
    for (let swap = 0; swap < swaps; swap += 1) {
      if (swap % brokenEvery === 1) {
        broken += 1;
        await breakPair(folder, logger);
      }
      const pair = await folder.issue(serverSubject);
      await folder.serve(pair);
      await shows(pair, [http, grpc], { ca: folder.authority.certificate, mine });
    }
  } finally {
    load.end();
    await Promise.all(loads);
    for (const transport of transports) await transport.stop(1_000);
    certificates.close();
    await stopEngine();
    await folder.dispose();
  }
  return { ...load.report(), broken };
}

/** Puts a certificate in place whose key is another one, and waits until that is said to be of no use. */
async function breakPair(folder: CertificateFolder, logger: RecordingLogger): Promise<void> {
  const said = (): number =>
    logger.lines.filter((line) => line.startsWith("error: new certificates cannot be used")).length;
  const before = said();
  const [one, other] = [await folder.issue(serverSubject), await folder.issue(serverSubject)];
  await folder.serve({ certificate: one.certificate, key: other.key });
  await expect.poll(said, { timeout: swapTimeoutMs, interval: 20 }).toBeGreaterThan(before);
}

/** Resolves once new connections to all ports are shown the certificate of `pair`. */
async function shows(
  pair: CertificatePair,
  ports: readonly number[],
  { ca, mine }: { readonly ca: string; readonly mine: CertificatePair },
): Promise<void> {
  for (const port of ports) {
    const shown = async (): Promise<string> => {
      const socket = connect({
        port,
        host: "localhost",
        ca,
        cert: mine.certificate,
        key: mine.key,
        ALPNProtocols: ["h2"],
      });
      await once(socket, "secureConnect");
      const certificate = socket.getPeerX509Certificate()?.toString() ?? "";
      socket.destroy();
      return certificate.trim();
    };
    await expect
      .poll(shown, { timeout: swapTimeoutMs, interval: 50 })
      .toBe(pair.certificate.trim());
  }
}

interface Way {
  readonly port: number;
  readonly protocol: "connect" | "grpc";
  readonly httpVersion?: "1.1" | "2";
}

/** Clients that call until they are told to end. */
class Load {
  readonly #ca: string;
  readonly #pair: CertificatePair;
  readonly #failures: string[] = [];
  #calls = 0;
  #handshakes = 0;
  #ended = false;

  constructor(ca: string, pair: CertificatePair) {
    this.#ca = ca;
    this.#pair = pair;
  }

  end(): void {
    this.#ended = true;
  }

  report(): Omit<SwapReport, "broken"> {
    return { calls: this.#calls, handshakes: this.#handshakes, failures: this.#failures };
  }

  /** Calls one way: over a connection that is kept, and every few calls over one more, too. */
  async run({ port, protocol, httpVersion = "2" }: Way): Promise<void> {
    const make = (): ReturnType<typeof createNodeAgentClient> =>
      createNodeAgentClient({
        baseUrl: `https://localhost:${port}`,
        protocol,
        httpVersion,
        tls: { ca: this.#ca, cert: this.#pair.certificate, key: this.#pair.key },
      });
    const kept = make();
    while (!this.#ended) {
      await this.#call(kept, `kept ${protocol}`);
      this.#handshakes += 1;
      await this.#call(make(), `new ${protocol}`);
    }
  }

  async #call(client: ReturnType<typeof createNodeAgentClient>, what: string): Promise<void> {
    this.#calls += 1;
    try {
      await client.healthCheck({});
    } catch (error) {
      this.#failures.push(`${what}: ${String(error)}`);
    }
  }
}
