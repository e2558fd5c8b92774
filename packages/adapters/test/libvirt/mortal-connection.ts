import type {
  ArgsOf,
  CallOptions,
  LibvirtClient,
  LibvirtConnection,
  ProcedureName,
  RetOf,
} from "../../src/libvirt/rpc/index.ts";

/** Does so many calls that change something, and then no more, as an agent that is killed. */
export class MortalConnection implements Pick<LibvirtConnection, "call"> {
  readonly #client: LibvirtClient;
  #left: number;

  constructor(client: LibvirtClient, left: number) {
    this.#client = client;
    this.#left = left;
  }

  /** Whether it was kept from a call. */
  get isDead(): boolean {
    return this.#left < 0;
  }

  call<Name extends ProcedureName>(
    name: Name,
    args: ArgsOf<Name>,
    how: CallOptions,
  ): Promise<RetOf<Name>> {
    if (/Set|Define|Create|Destroy|Shutdown|Undefine/.test(name)) this.#left -= 1;
    return this.isDead ? Promise.reject(new Error("killed")) : this.#client.call(name, args, how);
  }
}
