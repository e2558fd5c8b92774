import { AgentError } from "@persys/core";

/**
 * What a workload is wanted to be, as whoever sent the requests knows it. `corrupt`: its record was damaged while it was written, and the
 * agent waits to be told what it should be.
 */
export type Wish =
  | { readonly kind: "none" | "corrupt" }
  | {
      readonly kind: "some";
      readonly desired: "running" | "stopped";
      readonly revisionId: string;
    };

/** How a request changes what is wanted. */
export type Change = (wish: Wish) => readonly Wish[];

interface Sent {
  readonly change: Change;
  /** `doubtful`: it was not answered, or with an error that does not say whether it took effect. */
  fate: "open" | "accepted" | "refused" | "doubtful";
}

/** What is wanted of one workload, from the answers to the requests that were sent, in their order. */
export class Wishes {
  #certain: readonly Wish[] = [{ kind: "none" }];
  #sent: Sent[] = [];

  /** Follows a request to its answer. `onAnswered` is told of an answer that came while the agent that gave it was alive. */
  follow(change: Change, answer: Promise<unknown>, onAnswered: (what: string) => void): void {
    const sent: Sent = { change, fate: "open" };
    this.#sent.push(sent);
    answer.then(
      () => {
        if (sent.fate !== "open") return;
        sent.fate = "accepted";
        onAnswered("accepted");
      },
      (error: unknown) => {
        if (sent.fate !== "open") return;
        const isRefusal = AgentError.is(error) && error.effect === "none";
        sent.fate = isRefusal ? "refused" : "doubtful";
        onAnswered(`${sent.fate}: ${AgentError.is(error) ? error.code : String(error)}`);
      },
    );
  }

  /** The agent has died: what it had not answered, it will not answer. */
  lose(): void {
    for (const sent of this.#sent) if (sent.fate === "open") sent.fate = "doubtful";
  }

  /** The stored record was damaged, whatever it said. */
  corrupt(): void {
    this.settle({ kind: "corrupt" });
  }

  /** Whether a request has not been answered yet. */
  get isOpen(): boolean {
    return this.#sent.some(({ fate }) => fate === "open");
  }

  /** Everything that may be wanted now. One wish when all is certain. */
  get possible(): readonly Wish[] {
    if (this.#sent.length === 0) return this.#certain;
    let wishes = this.#certain;
    let isPast = true;
    const left: Sent[] = [];
    for (const sent of this.#sent) {
      isPast &&= sent.fate !== "open";
      if (!isPast) left.push(sent);
      if (sent.fate !== "refused") {
        const changed = wishes.flatMap(sent.change);
        wishes = distinct(sent.fate === "accepted" ? changed : [...wishes, ...changed]);
      }
      if (isPast) this.#certain = wishes;
    }
    this.#sent = left;
    return wishes;
  }

  /** From now on it is known what is wanted. */
  settle(wish: Wish): void {
    this.#certain = [wish];
    this.#sent = [];
  }
}

/** A wish in words, to compare and to show. */
export function wishText(wish: Wish): string {
  switch (wish.kind) {
    case "none":
      return "nothing";
    case "corrupt":
      return "what a damaged record said";
    case "some":
      return `${wish.revisionId} ${wish.desired}`;
  }
}

function distinct(wishes: readonly Wish[]): readonly Wish[] {
  return wishes.length < 2
    ? wishes
    : [...new Map(wishes.map((wish) => [wishText(wish), wish])).values()];
}
