import type { TrainingRow } from "@retool-ts/engine";
import { TinkerInputError } from "../client/errors.js";

/** The tokens of a row that enter the loss, with their numbers: arrays of one length. */
export interface TargetRow {
  /** Places in the row, from 1. */
  readonly places: readonly number[];
  /** Under the weights that the loss is taken at. */
  readonly logProbs: Float64Array;
  /** @throws TinkerInputError when the row lacks the field. */
  field(name: string): Float64Array;
}

/** Gathers a row's targets. */
export function targetRow({ tokenIds, lossMask, fields }: TrainingRow, logProbs: ArrayLike<number>): TargetRow {
  const places: number[] = [];
  for (let t = 1; t < tokenIds.length; t++) if (lossMask[t]) places.push(t);
  const gather = (values: ArrayLike<number>) => Float64Array.from(places, (t) => values[t]!);
  const gathered = new Map<string, Float64Array>();
  return {
    places,
    logProbs: gather(logProbs),
    field(name) {
      const values = fields?.[name];
      if (values === undefined) throw new TinkerInputError(`forwardBackward: expected rows with the field ${name}, got none`);
      if (!gathered.has(name)) gathered.set(name, gather(values));
      return gathered.get(name)!;
    },
  };
}

/** Sum of numbers. */
export function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}
