/** Chance as the engine sees it, so that tests and simulations can own it. */
export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  fraction(): number;
  /** A new unique id of 22 or more URL-safe characters. */
  uid(): string;
}
