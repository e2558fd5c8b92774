import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";

/** A site with one page, whose scripts can import the contract and the libraries of Connect as a bundler would give them to it. */
export interface Site {
  /** As a browser names it. */
  readonly origin: string;
  close(): Promise<void>;
}

const own: ReadonlyMap<string, string> = new Map([
  ["console", new URL("console.ts", import.meta.url).href],
  [
    "@persys/transports/gen",
    new URL("../../src/gen/persys/agent/v1/agent_pb.ts", import.meta.url).href,
  ],
]);

/** Names that are not paths lead to where Node would find the module. */
const scopes = ["@connectrpc/", "@bufbuild/", "@persys/"];
const importMap = JSON.stringify({
  imports: Object.fromEntries(scopes.map((scope) => [scope, `/module/${scope}`])),
});
const page = `<!doctype html><script type="importmap">${importMap}</script><title>console</title>`;

/** Serves the site on a free port of `address`. */
export async function openSite(address = "127.0.0.1"): Promise<Site> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").split("?", 1)[0] ?? "/");
    answerTo(path).then(
      ({ type, body, location }) => {
        response.writeHead(location === undefined ? 200 : 302, {
          "content-type": type,
          ...(location === undefined ? {} : { location }),
        });
        response.end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://${address}:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Answer {
  readonly type: string;
  readonly body: string;
  readonly location?: string;
}

async function answerTo(path: string): Promise<Answer> {
  if (path === "/") return { type: "text/html", body: page };
  const name = /^\/module\/(.+)$/.exec(path)?.[1];
  if (name !== undefined) {
    const url = own.get(name) ?? import.meta.resolve(name);
    return { type: "text/plain", body: "", location: `/file${fileURLToPath(url)}` };
  }
  const file = /^\/file(\/.+\.(?:js|ts))$/.exec(path)?.[1];
  if (file === undefined) throw new Error("there is no such page");
  const text = await readFile(file, "utf8");
  const body = file.endsWith(".ts") ? stripTypeScriptTypes(text) : text;
  return { type: "text/javascript", body };
}
