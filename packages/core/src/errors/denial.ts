/** One thing that a spec asks for and the node's policy does not give. Plain data, free of secrets. */
export interface Denial {
  /** Stable: one of `hostPolicyRuleIds`, or a rule of an embedder's own. */
  readonly rule: string;
  /** The place in the spec, from its root: `volumes[0].hostPath`. */
  readonly field: string;
  /** What was asked for there, at most 200 characters. */
  readonly seen: string;
  /** Why not, and what to do, as a sentence without the place. */
  readonly message: string;
  /** The setting of the node that would allow it; left out: nothing can. */
  readonly setting?: string;
}
