import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { AgentError } from "@persys/core";

/** What the holder of a lock tells whoever asks. */
export interface LockHolder {
  readonly pid: number;
  readonly nodeId: string;
  /** Where its state is: a folder, or the URL of a server without name and password. */
  readonly state: string;
}

/** A held lock. */
export interface NodeLock {
  /** Gives it back. May be repeated. */
  release(): Promise<void>;
}

const answerTimeoutMs = 1_000;
const answerBytesMax = 4_096;
/** A holder may end between our try and our question; then the next try wins. */
const tries = 3;

/**
 * Keeps two agents of one node id on one host apart: the state's own lock cannot, when each has a state of its own, and both would command
 * the same runtimes. The lock is an abstract unix socket named after the node id: the kernel gives it to one process and takes it back
 * when that process ends, however it ends. Who connects is told who holds it.
 *
 * What it does not do: abstract sockets exist only on Linux (elsewhere this is a lock that everybody gets), each network namespace has its
 * own (two containers do not see each other's), and any local user may take a name first (the agent then refuses to start; nothing is lost).
 *
 * @throws {AgentError} OWNED_BY_OTHER naming the holder, or saying that it does not answer; INTERNAL when the socket cannot be made.
 */
export async function takeNodeLock(holder: LockHolder): Promise<NodeLock> {
  if (process.platform !== "linux") return { release: () => Promise.resolve() };
  const path = lockPath(holder.nodeId);
  for (let attempt = 1; ; attempt += 1) {
    const server = await listen(path, holder);
    if (server !== undefined) return { release: () => close(server) };
    const other = await askHolder(path);
    if (other === "gone" && attempt < tries) continue;
    throw ownedByOther(holder.nodeId, other);
  }
}

/** A fixed length name: a node id may be longer than the 107 bytes that a socket's name may have. */
function lockPath(nodeId: string): string {
  return `\0persys-agent/${createHash("sha256").update(nodeId).digest("hex").slice(0, 32)}`;
}

/** The listening socket; undefined when somebody else has the name. */
async function listen(path: string, holder: LockHolder): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.setTimeout(answerTimeoutMs, () => socket.destroy());
    socket.end(JSON.stringify(holder));
  });
  server.maxConnections = 16;
  try {
    server.listen(path);
    await once(server, "listening");
    return server;
  } catch (error) {
    if (errnoOf(error) === "EADDRINUSE") return undefined;
    throw new AgentError("INTERNAL", `cannot take the lock of this node id (${errnoOf(error)})`, {
      cause: error,
    });
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  await closed;
}

/** What the holder says of itself; `gone` when nobody holds it any more, `silent` when it gives no proper answer in time. */
async function askHolder(path: string): Promise<LockHolder | "gone" | "silent"> {
  const socket = connect(path);
  try {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    signal.addEventListener("abort", () => socket.destroy(new Error("no answer in time")), {
      once: true,
    });
    let text = "";
    for await (const chunk of socket.setEncoding("utf8")) {
      text += String(chunk);
      if (text.length > answerBytesMax) return "silent";
    }
    return parseHolder(text) ?? "silent";
  } catch (error) {
    return errnoOf(error) === "ECONNREFUSED" ? "gone" : "silent";
  } finally {
    socket.destroy();
  }
}

function parseHolder(text: string): LockHolder | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  const { pid, nodeId, state } = answer as Readonly<Record<string, unknown>>;
  return typeof pid === "number" && typeof nodeId === "string" && typeof state === "string"
    ? { pid, nodeId, state }
    : undefined;
}

function ownedByOther(nodeId: string, other: LockHolder | "gone" | "silent"): AgentError {
  const holder =
    typeof other === "string"
      ? "another process that does not say who it is"
      : `the agent with process id ${other.pid} and its state in ${other.state}`;
  return new AgentError(
    "OWNED_BY_OTHER",
    `node id "${nodeId}" is in use on this host by ${holder}; stop it first, or give this agent a node id of its own (PERSYS_NODE_ID)`,
    {
      effect: "none",
      details: { nodeId, ...(typeof other === "string" ? {} : { pid: other.pid }) },
    },
  );
}

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
