import type { PullLine } from "./image-pull-lines.ts";

interface Layer {
  readonly isThere: boolean;
  readonly currentBytes: number;
  readonly totalBytes: number;
}

/** Docker itself takes images of at most 127 layers. */
const layersMax = 512;

/** Status words of the engine. They only make a sentence for a person: nothing is decided by them. */
const thereAlready: ReadonlySet<string> = new Set(["Already exists", "Pull complete"]);
const allThere: ReadonlySet<string> = new Set(["Download complete", "Extracting"]);

/** Adds up what the lines of one pull tell. */
export class PullProgress {
  readonly #reference: string;
  readonly #layers = new Map<string, Layer>();
  readonly #lastLines = new Map<string, string>();

  constructor(reference: string) {
    this.#reference = reference;
  }

  /** Takes in the next line. Whether it tells anything that the one before, of the same layer, did not. */
  add(line: PullLine): boolean {
    const { id = "", status = "", progressDetail } = line;
    const content = JSON.stringify([status, progressDetail, line.error]);
    const isNews = this.#lastLines.get(id) !== content;
    if (this.#lastLines.size < layersMax || this.#lastLines.has(id))
      this.#lastLines.set(id, content);
    if (isLayer(line) && (this.#layers.size < layersMax || this.#layers.has(id)))
      this.#layers.set(id, advanced(this.#layers.get(id), line));
    return isNews;
  }

  /** Bytes of the layers that have to be fetched, as they are sent: unpacked they are more. */
  get totalBytes(): number {
    return this.#sum((it) => it.totalBytes);
  }

  /** `pulling busybox:1: 3 of 5 layers, 12.3 of 40.1 MB`. */
  get sentence(): string {
    const doing = `pulling ${this.#reference}`;
    const all = this.#layers.size;
    if (all === 0) return doing;
    const there = [...this.#layers.values()].filter((it) => it.isThere).length;
    const layers = `${there} of ${all} ${all === 1 ? "layer" : "layers"}`;
    const total = this.totalBytes;
    if (total === 0) return `${doing}: ${layers}`;
    return `${doing}: ${layers}, ${megabytes(this.#sum((it) => it.currentBytes))} of ${megabytes(total)} MB`;
  }

  #sum(of: (layer: Layer) => number): number {
    return [...this.#layers.values()].reduce((sum, it) => sum + of(it), 0);
  }
}

/** The first line names the tag where the others name a layer. */
function isLayer({ id, status }: PullLine): boolean {
  return id !== undefined && /^[0-9a-f]{12}$/.test(id) && !status?.startsWith("Pulling from ");
}

function advanced(layer: Layer | undefined, { status = "", progressDetail }: PullLine): Layer {
  const { currentBytes: hadBytes = 0, totalBytes: knownBytes = 0 } = layer ?? {};
  // Broken off and begun again, a layer counts from where it was resumed; unpacking counts the bytes once more.
  const totalBytes = Math.max(knownBytes, progressDetail?.total ?? 0);
  const isThere = layer?.isThere === true || thereAlready.has(status);
  const isFetched = isThere || allThere.has(status);
  const currentBytes = isFetched
    ? totalBytes
    : Math.min(totalBytes, Math.max(hadBytes, progressDetail?.current ?? 0));
  return { isThere, currentBytes, totalBytes };
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
