/** A cell as the engine runs it. Lines are those of the source. */
export interface Cell {
  readonly code: string;
  /** Characters put before the source's first line. */
  readonly firstLineShift: number;
}

/** The cell is not JavaScript. */
export class CellSyntaxError extends Error {
  readonly line: number | undefined;
  readonly column: number | undefined;

  constructor(message: string, line?: number, column?: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}
