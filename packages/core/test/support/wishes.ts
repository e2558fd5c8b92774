import { AgentError } from "@persys/core";

/** What a workload is wanted to be, as whoever sent the requests knows it. */
export type Wish =
  | { readonly kind: "none" }
  | {
      readonly kind: "some";
      readonly desired: "running" | "stopped";
      readonly revisionId: string;
    };

/** How a request changes what is wanted. */
export type Change = (wish: Wish) => Wish;

interface Sent {
  readonly change: Change;
  /** `doubtful`: it was not answered, or with an error that does not say whether it took effect. */
  fate: "open" | "accepted" | "refused" | "doubtful";
}

/** What is wanted of one workload, from the answers to the requests that were sent, in their order. */
export class Wishes {
  #certain: readonly Wish[] = [{ kind: "none" }];
  #sent: Sent[] = [];

  /** Follows a request to its answer. */
  follow(change: Change, answer: Promise<unknown>): void {
    const sent: Sent = { change, fate: "open" };
    this.#sent.push(sent);
    answer.then(
      () => {
        if (sent.fate === "open") sent.fate = "accepted";
      },
      (error: unknown) => {
        const isRefusal = AgentError.is(error) && error.effect === "none";
        if (sent.fate === "open") sent.fate = isRefusal ? "refused" : "doubtful";
      },
    );
  }

  /** The agent has died: what it had not answered, it will not answer. */
  lose(): void {
    for (const sent of this.#sent) if (sent.fate === "open") sent.fate = "doubtful";
  }

  /** Whether every request was answered in a way that says what came of it. */
  get isCertain(): boolean {
    return this.#sent.every((it) => it.fate === "accepted" || it.fate === "refused");
  }

  /** Everything that may be wanted now. One wish when all is certain. */
  get possible(): readonly Wish[] {
    let wishes = this.#certain;
    let isPast = true;
    const left: Sent[] = [];
    for (const sent of this.#sent) {
      isPast &&= sent.fate !== "open";
      if (!isPast) left.push(sent);
      if (sent.fate === "refused") continue;
      const changed = wishes.map(sent.change);
      wishes = sent.fate === "accepted" ? changed : distinct([...wishes, ...changed]);
      if (isPast) this.#certain = wishes;
    }
    this.#sent = left;
    return distinct(wishes);
  }

  /** From now on it is known what is wanted. */
  settle(wish: Wish): void {
    this.#certain = [wish];
    this.#sent = [];
  }
}

/** A wish in words, to compare and to show. */
export function wishText(wish: Wish): string {
  return wish.kind === "none" ? "nothing" : `${wish.revisionId} ${wish.desired}`;
}

function distinct(wishes: readonly Wish[]): readonly Wish[] {
  return [...new Map(wishes.map((it) => [wishText(it), it])).values()];
}
