import { DataLoader } from "@retool-ts/data";
import type { TrainingRow } from "@retool-ts/engine";

/** Rows epoch after epoch, each in a new order; those that are left at an epoch's end are passed over. */
export class EpochRows {
  readonly #loader: DataLoader<TrainingRow>;
  readonly #batchSize: number;

  /** @throws InputError when there is not one batch. */
  constructor(rows: readonly TrainingRow[], batchSize: number, seed: number) {
    this.#loader = new DataLoader(rows, { batchSize, seed });
    this.#batchSize = batchSize;
  }

  take(count: number): TrainingRow[] {
    const rows: TrainingRow[] = [];
    while (rows.length < count) rows.push(...this.#loader.next().items);
    return rows;
  }

  /** Goes on behind so many rows. */
  skip(count: number): void {
    const { size } = this.#loader.state();
    const epochLength = this.#loader.batchesPerEpoch * this.#batchSize;
    this.#loader.restore({ epoch: Math.floor(count / epochLength), offset: count % epochLength, size });
  }
}
