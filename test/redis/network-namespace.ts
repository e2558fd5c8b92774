import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { onTestFinished } from "vitest";

/**
 * A network of its own with one wire to this machine, which can be pulled. Removed with the test. Its addresses are of 198.18.0.0/15, which RFC 2544
 * keeps for tests.
 */
export class NetworkNamespace {
  /** Of this machine, on the wire. */
  readonly hostAddress: string;
  /** Words that a command begins with that is to run inside. */
  readonly wrapper: readonly string[];
  readonly #wire: string;

  private constructor(name: string, wire: string, hostAddress: string) {
    this.hostAddress = hostAddress;
    this.wrapper = ["ip", "netns", "exec", name];
    this.#wire = wire;
  }

  static make(): NetworkNamespace {
    const number = randomInt(0, 2 ** 15);
    const address = (last: number): string =>
      `198.${18 + (number >> 14)}.${(number >> 6) & 255}.${(number & 63) * 4 + last}`;
    const name = `persys-${number}`;
    // At most 15 characters.
    const [wire, inside] = [`psys${number}a`, `psys${number}b`];
    ip("netns", "add", name);
    onTestFinished(() => ip("netns", "del", name));
    ip("link", "add", wire, "type", "veth", "peer", "name", inside, "netns", name);
    ip("addr", "add", `${address(1)}/30`, "dev", wire);
    ip("link", "set", wire, "up");
    ip("-n", name, "addr", "add", `${address(2)}/30`, "dev", inside);
    ip("-n", name, "link", "set", inside, "up");
    ip("-n", name, "link", "set", "lo", "up");
    return new NetworkNamespace(name, wire, address(1));
  }

  /** From now on nothing passes, without a word to either side. */
  cut(): void {
    ip("link", "set", this.#wire, "down");
  }

  mend(): void {
    ip("link", "set", this.#wire, "up");
  }
}

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}
