import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import type { RopeScaling } from "../rope-scaling.js";
import { rotaryTables, type RotaryTables } from "./rotary.js";

/** Positions that the first tables have. */
const FIRST = 256;

/** The part of a model's config that its angles depend on. */
export interface PositionOptions {
  readonly maxPositions: number;
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
}

/** Rotary tables as long as the sequences seen so far, because a config may allow for millions of positions. Owns them. */
export class PositionTables {
  readonly #options: PositionOptions;
  #tables: RotaryTables | undefined;

  constructor(options: PositionOptions) {
    this.#options = options;
  }

  /** The tables that {@link PositionTables.reach} made. Borrowed. */
  get tables(): RotaryTables {
    if (this.#tables === undefined) throw new RetoolError("SHAPE", "position tables: no sequence has been announced");
    return this.#tables;
  }

  /** Makes the tables at least so many positions long; their length doubles, so that a growing sequence costs little. */
  reach(positions: number): void {
    const { maxPositions, headDim, ropeTheta, ropeScaling } = this.#options;
    const length = this.#tables?.cosines.shape[0] ?? 0;
    if (positions <= length) return;
    if (positions > maxPositions) throw new RetoolError("ROW_TOO_LONG", `expected at most ${maxPositions} positions, got ${positions}`);
    let next = Math.max(FIRST, length);
    while (next < positions) next *= 2;
    this.dispose();
    const { cosines, sines } = rotaryTables(Math.min(next, maxPositions), headDim, ropeTheta, ropeScaling);
    this.#tables = { cosines: tf.keep(cosines), sines: tf.keep(sines) };
  }

  /** Frees the tables. */
  dispose(): void {
    this.#tables?.cosines.dispose();
    this.#tables?.sines.dispose();
    this.#tables = undefined;
  }
}
