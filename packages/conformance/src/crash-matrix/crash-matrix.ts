import { type Blow, type Boundary, boundaryText, callText, type Fate } from "./boundaries.ts";
import type { NewCrashWorld } from "./crash-world.ts";
import { type Finding, judge, judgeUndisturbed } from "./judge.ts";
import { type Place, placesText } from "./places.ts";
import { type Account, play, withoutRequest } from "./play.ts";
import type { CrashStory } from "./story.ts";

/** A life that was not clean. */
export interface MatrixFailure {
  readonly story: string;
  readonly places: readonly Place[];
  /** The places in words. */
  readonly where: readonly string[];
  /** Whether the client asked again for what it got no answer to. */
  readonly repeats: boolean;
  readonly findings: readonly Finding[];
}

/** What came of a story. */
export interface StoryResult {
  readonly story: string;
  readonly title: string;
  /** Boundaries of the undisturbed life, inner ones of calls included. */
  readonly boundaries: number;
  /** Lives lived. */
  readonly runs: number;
  readonly failures: readonly MatrixFailure[];
}

/** How much is lived through. */
export interface MatrixOptions {
  readonly newWorld: NewCrashWorld;
  /** Whether there are lives with two deaths: of short stories, of all, or none. Default `none`. */
  readonly pairs?: "none" | "short" | "all";
  /** Whether there are lives in which the outcome of a commit is unknown, alone and with a death before that is over. Default true. */
  readonly doubts?: boolean;
  /** Called after each life. */
  readonly onRun?: () => void;
  /** Failures of a story after which its other boundaries are left. Default 20. */
  readonly failuresMax?: number;
  readonly signal?: AbortSignal;
}

/** One life and what is wrong with it. */
export interface Life {
  readonly account: Account | undefined;
  readonly findings: readonly Finding[];
}

/** Lives through one story with a blow at each of its boundaries, and judges every life by the undisturbed one. */
export class StoryMatrix {
  readonly #story: CrashStory;
  readonly #options: MatrixOptions;
  readonly #without = new Map<number, Account>();
  readonly #failures: MatrixFailure[] = [];
  #undisturbed: Account | undefined;
  #runs = 0;

  constructor(story: CrashStory, options: MatrixOptions) {
    this.#story = story;
    this.#options = options;
  }

  /** Lives through all of it. @throws the reason of the signal. */
  async run(): Promise<StoryResult> {
    const { name, title, isShort = false } = this.#story;
    const { pairs = "none", failuresMax = 20 } = this.#options;
    const { account, findings } = await this.#liveUndisturbed();
    if (findings.length > 0) this.#fail({ places: [], where: [], repeats: true, findings });
    const isDouble = pairs === "all" || (pairs === "short" && isShort);
    const boundaries = account?.boundaries ?? [];
    // By a life that is not clean itself no other can be judged.
    const struck = findings.length > 0 ? [] : boundaries;
    for (const [at, boundary] of struck.entries()) {
      if (this.#failures.length >= failuresMax) break;
      await this.#strike(boundary, at + 1, isDouble);
    }
    const counts = { boundaries: boundaries.length, runs: this.#runs };
    return { story: name, title, ...counts, failures: this.#failures };
  }

  /** The life in which nothing strikes. */
  async undisturbed(): Promise<Account> {
    this.#undisturbed ??= await this.#play(this.#story, [], true);
    return this.#undisturbed;
  }

  /**
   * Lives once more through what strikes at these places.
   * @throws {RangeError} when there is no such boundary.
   */
  async replay(
    places: readonly Place[],
    repeats: boolean,
  ): Promise<Life & { readonly where: readonly string[] }> {
    const blows: Blow[] = [];
    const where: string[] = [];
    let account = await this.undisturbed();
    for (const [at, { boundary, fate }] of places.entries()) {
      const found = account.boundaries[boundary - 1];
      if (found === undefined) {
        const there = at === 0 ? "" : `, struck at ${placesText(places.slice(0, at))},`;
        const count = account.boundaries.length;
        throw new RangeError(
          `${this.#story.name}${there} has no boundary ${boundary}: the last is ${count}`,
        );
      }
      where.push(whereText(found, fate));
      blows.push(blowAt(found, fate));
      if (at < places.length - 1) account = await this.#play(this.#story, blows, repeats);
    }
    return { ...(await this.#live(blows, repeats)), where };
  }

  async #strike(boundary: Boundary, number: number, isDouble: boolean): Promise<void> {
    const places: readonly Place[] = [{ boundary: number, fate: "dies" }];
    const first = await this.#check(places, [boundary], true);
    if (first !== undefined && first.unanswered.length > 0)
      await this.#check(places, [boundary], false);
    if (first !== undefined && isDouble)
      await this.#strikeAgain(places, boundary, secondsOf(first, afterDeath(first, boundary)));
    const { doubts = true } = this.#options;
    if (!doubts || boundary.of.op !== "commit" || boundary.moment === "midway") return;
    const doubted: readonly Place[] = [{ boundary: number, fate: "doubt" }];
    const doubtful = await this.#check(doubted, [boundary], true);
    if (doubtful !== undefined)
      await this.#strikeAgain(
        doubted,
        boundary,
        secondsOf(doubtful, whileInDoubt(doubtful, boundary)),
      );
  }

  async #strikeAgain(
    places: readonly Place[],
    first: Boundary,
    seconds: readonly Numbered[],
  ): Promise<void> {
    for (const { number, boundary } of seconds) {
      if (this.#failures.length >= (this.#options.failuresMax ?? 20)) return;
      const both: readonly Place[] = [...places, { boundary: number, fate: "dies" }];
      await this.#check(both, [first, boundary], true);
    }
  }

  async #check(
    places: readonly Place[],
    boundaries: readonly Boundary[],
    repeats: boolean,
  ): Promise<Account | undefined> {
    const blows = boundaries.map((it, at) => blowAt(it, places[at]?.fate ?? "dies"));
    const { account, findings } = await this.#live(blows, repeats);
    if (findings.length > 0) {
      const where = boundaries.map((it, at) => whereText(it, places[at]?.fate ?? "dies"));
      this.#fail({ places, where, repeats, findings });
    }
    return account;
  }

  async #liveUndisturbed(): Promise<Life> {
    try {
      const account = await this.undisturbed();
      return { account, findings: judgeUndisturbed(this.#story, account) };
    } catch (error) {
      return this.#endless(error);
    }
  }

  /** A life that did not come to an end. @throws the reason of the signal. */
  #endless(error: unknown): Life {
    this.#options.signal?.throwIfAborted();
    const finding = { promise: "it comes to an end", expected: "an end", seen: String(error) };
    return { account: undefined, findings: [finding] };
  }

  async #live(blows: readonly Blow[], repeats: boolean): Promise<Life> {
    const undisturbed = await this.undisturbed();
    let account: Account;
    try {
      account = await this.#play(this.#story, blows, repeats);
    } catch (error) {
      return this.#endless(error);
    }
    const strays = strayed(undisturbed, account, blows);
    if (strays.length > 0) return { account, findings: strays };
    const findings = judge(this.#story, undisturbed, account);
    const [forgotten] = account.unanswered;
    if (repeats || forgotten === undefined || findings.length === 0) return { account, findings };
    // Nobody asked again: then it may as well never have been asked.
    const unasked = judge(this.#story, await this.#withoutRequest(forgotten), account);
    return { account, findings: unasked.length < findings.length ? unasked : findings };
  }

  async #withoutRequest(at: number): Promise<Account> {
    const known = this.#without.get(at);
    if (known !== undefined) return known;
    const account = await this.#play(withoutRequest(this.#story, at), [], true);
    this.#without.set(at, account);
    return account;
  }

  #play(story: CrashStory, blows: readonly Blow[], repeats: boolean): Promise<Account> {
    const { signal, onRun, newWorld } = this.#options;
    signal?.throwIfAborted();
    this.#runs += 1;
    onRun?.();
    return play(story, newWorld(), { blows, repeats });
  }

  #fail(failure: Omit<MatrixFailure, "story">): void {
    this.#failures.push({ story: this.#story.name, ...failure });
  }
}

/** A boundary with its number in its life. */
interface Numbered {
  readonly number: number;
  readonly boundary: Boundary;
}

function secondsOf({ boundaries }: Account, numbers: readonly number[]): readonly Numbered[] {
  return numbers.flatMap((number) => {
    const boundary = boundaries[number - 1];
    return boundary === undefined ? [] : [{ number, boundary }];
  });
}

function blowAt(boundary: Boundary, fate: Fate): Blow {
  return { ...boundary, fate };
}

function whereText(boundary: Boundary, fate: Fate): string {
  const where = boundaryText(boundary, boundary.of);
  return fate === "dies" ? where : `the outcome is unknown ${where}`;
}

/** Numbers of the boundaries that came after the death. */
function afterDeath(lived: Account, struck: Boundary): readonly number[] {
  const dead = lived.calls[struck.call]?.agent ?? 0;
  return lived.boundaries.flatMap(({ call }, at) =>
    (lived.calls[call]?.agent ?? 0) > dead ? [at + 1] : [],
  );
}

/** Numbers of the boundaries from a doubtful commit on until the next one of that workload was answered. */
function whileInDoubt(lived: Account, struck: Boundary): readonly number[] {
  const isStruck = (it: Boundary): boolean =>
    it.call === struck.call && it.moment === struck.moment;
  const from = lived.boundaries.findIndex(isStruck) + 1;
  const answered = lived.boundaries.findIndex(
    (it, at) =>
      at >= from && it.moment === "after" && it.of.op === "commit" && it.of.id === struck.of.id,
  );
  const to = answered < 0 ? lived.boundaries.length : answered + 1;
  return Array.from({ length: to - from }, (_, at) => from + at + 1);
}

/** That the same way was taken up to the first blow, and that every blow struck: else what the numbers name is not what was struck. */
function strayed(undisturbed: Account, lived: Account, blows: readonly Blow[]): readonly Finding[] {
  const [first] = blows;
  if (first === undefined) return [];
  const way = ({ calls }: Account): string =>
    calls
      .slice(0, first.call + 1)
      .map((it) => callText(it.call))
      .join("; ");
  const deaths = blows.filter((it) => it.fate === "dies").length;
  if (way(undisturbed) === way(lived) && lived.deaths.length === deaths) return [];
  const promise = "the same way to the boundary each time";
  return [
    {
      promise,
      expected: `${way(undisturbed)}; ${deaths} deaths`,
      seen: `${way(lived)}; ${lived.deaths.length} deaths`,
    },
  ];
}
