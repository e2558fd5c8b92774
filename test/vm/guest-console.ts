/** What the guest of the tests said on its serial console during one boot; see `scripts/test-host.d/guest-init.sh`. */
export interface GuestBoot {
  /** What it has now, by name: `memory_kb`, `cpus`, and the bytes of each disk. */
  readonly has: ReadonlyMap<string, number>;
  readonly data: ReadonlyMap<string, GuestData>;
  /** The files it was given for cloud-init. */
  readonly seed: ReadonlyMap<string, string>;
  readonly addresses: readonly string[];
  /** Whether all but its addresses is said. */
  readonly isReady: boolean;
  /** Whether its power button was pressed. */
  readonly isPoweringOff: boolean;
  /** What else is in the lines of this boot: what user-data printed. */
  readonly others: readonly string[];
}

/** What the guest has written to a disk at its first boot there, and reads now. */
interface GuestData {
  /** This boot included. */
  readonly boots: number;
  readonly sum: string;
}

/** All boots in a console's log, the oldest first. Firmware and boot loader come before the first. */
export function guestBoots(log: string): readonly GuestBoot[] {
  const lines = log.split(/[\r\n]+/);
  const starts = lines.flatMap((line, at) => (line === "guest booted" ? [at] : []));
  return starts.map((start, at) => bootOf(lines.slice(start + 1, starts[at + 1])));
}

function bootOf(lines: readonly string[]): GuestBoot {
  const has = new Map<string, number>();
  const data = new Map<string, GuestData>();
  const seed = new Map<string, string>();
  const addresses: string[] = [];
  const others: string[] = [];
  let [isReady, isPoweringOff] = [false, false];
  for (const line of lines) {
    const [, word = "", rest = ""] = /^guest (\w+) ?(.*)$/.exec(line) ?? [];
    const [first = "", second = ""] = rest.split(" ");
    if (word === "has") for (const [name, value] of pairsIn(rest)) has.set(name, Number(value));
    else if (word === "data") data.set(first, dataOf(pairsIn(rest)));
    else if (word === "seed") seed.set(first, Buffer.from(second, "base64").toString());
    else if (word === "address") addresses.push(rest);
    else if (word === "ready") isReady = true;
    else if (word === "powering") isPoweringOff = true;
    else if (line !== "") others.push(line);
  }
  return { has, data, seed, addresses, isReady, isPoweringOff, others };
}

function dataOf(pairs: ReadonlyMap<string, string>): GuestData {
  return { boots: Number(pairs.get("boots")), sum: pairs.get("sum") ?? "" };
}

/** `NAME=VALUE` words. */
function pairsIn(words: string): ReadonlyMap<string, string> {
  return new Map(
    words.split(" ").flatMap((word) => {
      const [name = "", value] = word.split("=");
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
