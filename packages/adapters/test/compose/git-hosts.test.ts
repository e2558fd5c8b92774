import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer, type Server as RawServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { GitHosts, type HostAnswer } from "../../src/compose/git-hosts.ts";
import { forever } from "../support/runtime-calls.ts";

const servers: (Server | RawServer)[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  }
});

async function portOf(server: Server | RawServer): Promise<number> {
  servers.push(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}

async function ask(port: number, scheme = "http", signal = forever): Promise<HostAnswer> {
  const url = `${scheme}://git.test:${port}/shop.git`;
  return new GitHosts().ask({ url, addresses: ["127.0.0.1"], authorization: "Basic x" }, signal);
}

describe("GitHosts", () => {
  it("asks at the address that it is given, and waits for no body", async () => {
    const asked: unknown[] = [];
    const answer: RequestListener = ({ headers }, response) => {
      asked.push([headers.host, headers.authorization]);
      response.writeHead(302, { location: "https://elsewhere.example/" }).write("x");
    };
    const port = await portOf(createHttpServer(answer));
    expect(await ask(port)).toEqual({
      kind: "answered",
      status: 302,
      location: "https://elsewhere.example/",
    });
    expect(asked).toEqual([[`git.test:${port}`, "Basic x"]]);
  });

  it("tells what cannot be reached from what cannot be spoken to", async () => {
    const port = await portOf(createServer((socket) => socket.end("nothing\r\n\r\n")));
    expect(await ask(port)).toMatchObject({ kind: "unreachable", why: "it does not speak HTTP" });
    expect(await ask(port, "https")).toEqual({ kind: "insecure" });
    expect(await ask(1)).toMatchObject({ kind: "unreachable", why: "ECONNREFUSED" });
  });

  it("trusts those that Node has brought where it does not tell whom the host trusts, and asks once", async () => {
    const port = await portOf(createServer((socket) => socket.end("nothing\r\n\r\n")));
    let reads = 0;
    const hosts = new GitHosts(() => void (reads += 1));
    const url = `https://git.test:${port}/shop.git`;
    const question = { url, addresses: ["127.0.0.1"], authorization: undefined };
    for (let asked = 0; asked < 2; asked += 1)
      expect(await hosts.ask(question, forever)).toEqual({ kind: "insecure" });
    expect(reads).toBe(1);
  });

  it("leaves it to git to say that it cannot be read whom to trust", async () => {
    const hosts = new GitHosts(() => {
      throw new Error("unreadable");
    });
    const url = "https://git.test/shop.git";
    const answer = hosts.ask({ url, addresses: ["127.0.0.1"], authorization: undefined }, forever);
    expect(await answer).toEqual({ kind: "insecure" });
  });

  it("is called off while it waits", async () => {
    const controller = new AbortController();
    const port = await portOf(createHttpServer(() => controller.abort(new Error("called off"))));
    await expect(ask(port, "http", controller.signal)).rejects.toThrow("called off");
  });
});
