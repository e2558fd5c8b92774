import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const identity = { GIT_AUTHOR_NAME: "t", GIT_AUTHOR_EMAIL: "t@example", GIT_COMMITTER_NAME: "t" };
const environment = {
  ...identity,
  GIT_COMMITTER_EMAIL: "t@example",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  PATH: process.env["PATH"],
};

/** How the server answers, besides as git's own does. */
export interface ServerManners {
  /** `user:password`, without which nobody is let in. */
  login?: string;
  /** Answers everything with this status. */
  status?: number;
  /** Where everything is instead. */
  elsewhere?: string;
  /** Accepts calls, and says nothing. */
  isSilent?: boolean;
}

/** Git's own server for HTTP (`git http-backend`) with one repository, and somebody who commits to it. */
export class GitServer {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "persys-git-"));
  readonly #tree: string = join(this.#folder, "tree");
  readonly #server: Server;
  readonly #scheme: "http" | "https";
  /** What was asked for, each as `GET /path`. */
  readonly calls: string[] = [];
  /** The `Authorization` of each call; empty where it had none. */
  readonly logins: string[] = [];
  manners: ServerManners = {};

  private constructor(scheme: "http" | "https") {
    this.#scheme = scheme;
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      this.#answer(request, response);
    this.#server =
      scheme === "http"
        ? createServer(answer)
        : createSecureServer(certificateIn(this.#folder), answer);
    mkdirSync(this.#tree);
    this.#git("init", "--quiet", "--initial-branch=main");
    this.#git("clone", "--quiet", "--bare", this.#tree, join(this.#folder, "shop.git"));
    this.#git("remote", "add", "origin", join(this.#folder, "shop.git"));
    this.setting("uploadpack.allowFilter", "true");
  }

  /** Over `https` it has a certificate that nobody trusts. */
  static async open(scheme: "http" | "https" = "http"): Promise<GitServer> {
    const server = new GitServer(scheme);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return server;
  }

  get origin(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get repository(): string {
    return `${this.origin}/shop.git`;
  }

  /** Changes a setting of the repository that is served. */
  setting(name: string, value: string): void {
    this.#git("-C", join(this.#folder, "shop.git"), "config", name, value);
  }

  /** Commits files to a branch and pushes it, with tags. Resolves with the id of the commit. */
  commit(files: Readonly<Record<string, string>>, branch = "main"): string {
    this.#git("checkout", "--quiet", "-B", branch);
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.#tree, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    return this.#pushed(branch);
  }

  /** Commits a symbolic link. */
  link(path: string, target: string): string {
    symlinkSync(target, join(this.#tree, path));
    return this.#pushed("main");
  }

  /** Puts an annotated tag on the last commit. */
  tag(name: string): void {
    this.#git("tag", "--annotate", "--message=x", name);
    this.#git("push", "--quiet", "origin", "--tags");
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#folder, { recursive: true });
  }

  #pushed(branch: string): string {
    this.#git("add", "--all");
    this.#git("commit", "--quiet", "--message=x");
    this.#git("push", "--quiet", "--force", "origin", branch);
    return this.#git("rev-parse", "HEAD").trim();
  }

  #git(...args: readonly string[]): string {
    return execFileSync("git", args, {
      cwd: this.#tree,
      env: environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { elsewhere, isSilent, login, status } = this.manners;
    const { authorization = "" } = request.headers;
    this.calls.push(`${request.method} ${request.url}`);
    this.logins.push(authorization);
    const wanted = `Basic ${Buffer.from(login ?? "").toString("base64")}`;
    if (isSilent === true) return;
    if (elsewhere !== undefined)
      response.writeHead(301, { location: `${elsewhere}${request.url}` }).end();
    else if (status !== undefined) response.writeHead(status).end();
    else if (login !== undefined && authorization !== wanted)
      response.writeHead(401, { "www-authenticate": "Basic" }).end();
    else this.#serve(request, response);
  }

  /** As any web server does for a program of CGI (RFC 3875). */
  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, search } = new URL(request.url ?? "/", this.origin);
    const child = spawn("git", ["http-backend"], {
      env: {
        ...environment,
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        CONTENT_LENGTH: request.headers["content-length"] ?? "",
        GIT_HTTP_EXPORT_ALL: "1",
        GIT_PROJECT_ROOT: this.#folder,
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
      },
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin.on("error", () => undefined);
    request.pipe(child.stdin);
    response.on("close", () => child.kill("SIGKILL"));
    let head = Buffer.alloc(0);
    child.stdout.on("data", (chunk: Buffer) => {
      if (response.headersSent) {
        response.write(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const fields = head.subarray(0, end).toString("latin1").split("\r\n");
      const headers = Object.fromEntries(
        fields.map((field) => {
          const at = field.indexOf(":");
          return [field.slice(0, at), field.slice(at + 1).trim()];
        }),
      );
      const { Status = "200", ...others } = headers;
      response.writeHead(Number.parseInt(Status, 10), others);
      response.write(head.subarray(end + 4));
    });
    child.stdout.on("end", () => response.end());
  }
}

/** A key and a certificate that it has signed itself. */
function certificateIn(folder: string): { readonly key: Buffer; readonly cert: Buffer } {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const names = ["-subj", "/CN=git.test", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", ...kind, ...names, ...files], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
