/** What `persys-conformance sim` can be told. */
export interface SimOptions {
  readonly seeds: number;
  readonly first: number;
  readonly seed?: number;
  readonly life?: string;
  readonly steps: number;
  readonly workers?: number;
  readonly module?: string;
  readonly trace?: true;
  readonly json?: true;
  readonly quiet?: true;
}
