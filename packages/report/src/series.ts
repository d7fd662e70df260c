/** How the values of a chart are written. */
export type ChartUnit = "share" | "number";

/** A point of a line. */
export interface Point {
  readonly x: number;
  readonly y: number;
  /** Ends of an interval around the value, drawn as a bar. */
  readonly interval?: readonly [low: number, high: number];
}

/** A line of a chart. */
export interface Series {
  readonly name: string;
  /** In order of x; values that are not finite leave gaps. */
  readonly points: readonly Point[];
  /** Colour and dashes, by default those of the place in the list. */
  readonly style?: number;
  /** Drawn thin, behind what matters. */
  readonly isFaint?: boolean;
}
