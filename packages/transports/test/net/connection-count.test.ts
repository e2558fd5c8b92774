import { EventEmitter } from "node:events";
import { Server, Socket } from "node:net";
import { silentLogger } from "@persys/core";
import { ConnectionGate } from "@persys/transports";
import { expect, it } from "vitest";

/** A connection that names its ends, without a network. */
class NamedSocket extends Socket {
  override readonly remoteAddress: string;
  override readonly remotePort: number;

  constructor(remoteAddress: string, remotePort: number) {
    super();
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }
}

it("a port that is used again before the end of its connection was noticed is counted right", async () => {
  const taken: Socket[] = [];
  const server = new Server((socket) => taken.push(socket));
  const bounds = { connectionsMax: 2, connectionsPerAddressMax: 2, connectionsUnknownMax: 2 };
  const gate = new ConnectionGate(bounds, silentLogger);
  gate.guard(server);

  for (let times = 0; times < 10; times += 1) {
    const [former, next] = [new NamedSocket("10.0.0.1", 5), new NamedSocket("10.0.0.1", 5)];
    server.emit("connection", former);
    server.emit("connection", next);
    gate.know(next);
    for (const socket of [former, next]) {
      const closed = EventEmitter.once(socket, "close");
      socket.destroy();
      await closed;
    }
  }

  const last = new NamedSocket("10.0.0.1", 6);
  server.emit("connection", last);
  expect(last.destroyed).toBe(false);
  expect(taken).toHaveLength(21);
});
