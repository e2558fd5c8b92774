import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Program number and type in a message's header: `remote_protocol.x` and `virnetprotocol.x` of libvirt. */
const remoteProgram = 0x2000_8086;
const messageType = { call: 0, reply: 1 } as const;
const headerBytes = 28;

/** The calls that change something, by their numbers in `remote_protocol.x`. */
const changes: ReadonlyMap<number, string> = new Map([
  [28, "domain_resume"],
  [34, "domain_suspend"],
  [93, "storage_vol_create_xml"],
  [94, "storage_vol_delete"],
  [160, "domain_attach_device_flags"],
  [174, "domain_update_device_flags"],
  [196, "domain_create_with_flags"],
  [199, "domain_set_vcpus_flags"],
  [204, "domain_set_memory_flags"],
  [231, "domain_undefine_flags"],
  [234, "domain_destroy_flags"],
  [251, "domain_block_resize"],
  [258, "domain_shutdown_flags"],
  [264, "domain_set_metadata"],
  [267, "domain_pm_wakeup"],
  [291, "network_update"],
  [350, "domain_define_xml_flags"],
]);

/** A moment in the life of a call. */
export interface CallMoment {
  /** As the protocol names it: `domain_create_with_flags`. */
  readonly procedure: string;
  /** `asked`: the daemon has not seen it yet; `done`: it has answered, and nobody has seen the answer yet. */
  readonly at: "asked" | "done";
}

/** A message with its header read. */
interface Message {
  readonly bytes: Buffer;
  readonly program: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
}

/** Stands on a socket of its own before a daemon of libvirt, and knows every call that passes. */
export class LibvirtProxy {
  /** Decides at each moment of a call that changes something whether it goes on; what does not is lost, with its connection. */
  onMoment: (moment: CallMoment) => boolean = () => true;
  readonly #folder: string;
  readonly #behind: string;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(folder: string, behind: string) {
    this.#folder = folder;
    this.#behind = behind;
    this.#server = createServer((client) => {
      this.#join(client);
    });
  }

  /** One before the daemon of a URI. */
  static async before(uri: string): Promise<LibvirtProxy> {
    const behind = new URL(uri).searchParams.get("socket") ?? "";
    const proxy = new LibvirtProxy(await mkdtemp("/tmp/persys-lp-"), behind);
    proxy.#server.listen(proxy.#socketPath);
    await once(proxy.#server, "listening");
    return proxy;
  }

  get uri(): string {
    return `qemu+unix:///system?socket=${this.#socketPath}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #socketPath(): string {
    return `${this.#folder}/s`;
  }

  #join(client: Socket): void {
    const daemon = connect(this.#behind);
    const asked = new Map<number, string>();
    const cut = (): void => {
      client.destroy();
      daemon.destroy();
    };
    for (const socket of [client, daemon]) {
      this.#sockets.add(socket);
      socket.on("error", cut);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    eachMessage(client, (message) => {
      const procedure = changeIn(message);
      if (procedure !== undefined) {
        if (!this.onMoment({ procedure, at: "asked" })) return cut();
        asked.set(message.serial, procedure);
      }
      daemon.write(message.bytes);
    });
    eachMessage(daemon, (message) => {
      const procedure = message.type === messageType.reply ? asked.get(message.serial) : undefined;
      if (procedure !== undefined) {
        asked.delete(message.serial);
        if (!this.onMoment({ procedure, at: "done" })) return cut();
      }
      client.write(message.bytes);
    });
  }
}

/** The name of a call that changes something; undefined for all other messages. */
function changeIn({ program, type, procedure }: Message): string | undefined {
  if (program !== remoteProgram || type !== messageType.call) return undefined;
  return changes.get(procedure);
}

/** Reads messages as they become complete. */
function eachMessage(socket: Socket, take: (message: Message) => void): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= headerBytes && held.length >= held.readUInt32BE(0)) {
      const bytes = held.subarray(0, held.readUInt32BE(0));
      held = held.subarray(bytes.length);
      take({
        bytes,
        program: bytes.readUInt32BE(4),
        procedure: bytes.readInt32BE(12),
        type: bytes.readInt32BE(16),
        serial: bytes.readUInt32BE(20),
      });
    }
  });
}
