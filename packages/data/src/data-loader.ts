import { InputError, RandomStream } from "@retool-ts/core";

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions {
  readonly batchSize: number;
  /** Names the order; equal seeds give equal batches. */
  readonly seed: number;
  /** Default `true`. */
  readonly shuffle?: boolean;
  /** Leaves out what remains at the end of an epoch when it is less than a batch. Default `true`. */
  readonly dropLast?: boolean;
}

/** The place of a {@link DataLoader}: the next batch is the one at `offset` of `epoch`. */
export interface DataLoaderState {
  readonly epoch: number;
  /** Items of the epoch given out already. */
  readonly offset: number;
  /** Number of items; a state is refused by a loader of another dataset. */
  readonly size: number;
}

/** One batch, and the epoch it belongs to. */
export interface DataBatch<T> {
  readonly items: readonly T[];
  readonly epoch: number;
}

/**
 * Endless batches, epoch after epoch. Each epoch's order is a pure function of seed and epoch, so that a saved
 * {@link DataLoaderState} is two numbers, and a loader restored from it gives what the other would have given.
 */
export class DataLoader<T> {
  readonly #items: readonly T[];
  readonly #options: Required<DataLoaderOptions>;
  #epoch = 0;
  #offset = 0;
  #order: { readonly epoch: number; readonly items: readonly T[] } | undefined;

  /** @throws InputError when there is not one batch in an epoch. */
  constructor(items: readonly T[], options: DataLoaderOptions) {
    this.#items = items;
    this.#options = { shuffle: true, dropLast: true, ...options };
    const { batchSize, dropLast } = this.#options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw refuse("batchSize", "a positive integer", String(batchSize), "set it to 1 or more");
    }
    if (items.length < (dropLast ? batchSize : 1)) {
      const fix =
        dropLast && items.length > 0 ? `set batchSize to ${items.length} or less, or dropLast to false` : "give a dataset with rows";
      throw refuse("items", `at least ${dropLast ? batchSize : 1}`, String(items.length), fix);
    }
  }

  get batchesPerEpoch(): number {
    const { batchSize, dropLast } = this.#options;
    return dropLast ? Math.floor(this.#items.length / batchSize) : Math.ceil(this.#items.length / batchSize);
  }

  /** The next batch; after the last of an epoch comes the first of the next. */
  next(): DataBatch<T> {
    const { batchSize } = this.#options;
    const epoch = this.#epoch;
    const items = this.#orderOf(epoch).slice(this.#offset, this.#offset + batchSize);
    this.#offset += items.length;
    // Moving on here, not before the next batch, gives an epoch's end one state only: the start of the next epoch.
    if (this.#offset >= this.#epochLength) {
      this.#epoch++;
      this.#offset = 0;
    }
    return { items, epoch };
  }

  /** The batches that remain of the current epoch. */
  *epoch(): Generator<DataBatch<T>> {
    const epoch = this.#epoch;
    while (this.#epoch === epoch) yield this.next();
  }

  state(): DataLoaderState {
    return { epoch: this.#epoch, offset: this.#offset, size: this.#items.length };
  }

  /** @throws InputError when the state is not one of this dataset. */
  restore(state: DataLoaderState): void {
    const { epoch, offset, size } = state;
    if (size !== this.#items.length) {
      throw refuse("state.size", `${this.#items.length}, the number of items`, String(size), "resume with the dataset the run began with");
    }
    const isPlace = Number.isInteger(epoch) && epoch >= 0 && Number.isInteger(offset) && offset >= 0 && offset < this.#epochLength;
    if (!isPlace) {
      const found = `epoch ${epoch}, offset ${offset}`;
      throw refuse("state", `a place in an epoch of ${this.#epochLength} items`, found, "resume from a state that a loader gave");
    }
    this.#epoch = epoch;
    this.#offset = offset;
  }

  /** Items given out in an epoch. */
  get #epochLength(): number {
    return Math.min(this.#items.length, this.batchesPerEpoch * this.#options.batchSize);
  }

  #orderOf(epoch: number): readonly T[] {
    if (!this.#options.shuffle) return this.#items;
    if (this.#order?.epoch !== epoch) {
      this.#order = { epoch, items: new RandomStream(this.#options.seed, ["shuffle", epoch]).shuffle(this.#items) };
    }
    return this.#order.items;
  }
}

function refuse(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "data loader", where, expected, found, fix });
}
