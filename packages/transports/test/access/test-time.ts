/** A clock that the test moves. Wall time begins at 1,000,000 ms. */
export class TestTime {
  nowMs = 0;

  readonly wallMs = (): number => 1_000_000 + this.nowMs;

  readonly monotonicMs = (): number => this.nowMs;
}
