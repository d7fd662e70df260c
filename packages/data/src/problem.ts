/** A question with one checkable answer: a row of a dataset, or a generated task. */
export interface Problem {
  /** Unique within its source; results and splits refer to it. */
  readonly id: string;
  readonly question: string;
  /** The expected answer as text: `"1234"`, `"\\frac{1}{2}"`. */
  readonly answer: string;
  /** Its origin: a file name without folder, or the name of a generator. */
  readonly source: string;
  /** Kind of problem, such as a subject or a task family. */
  readonly family?: string;
  /** Difficulty; 1 is the easiest. */
  readonly level?: number;
  /** Every column of its row, by name and as it is; integers beyond 2⁵³ are text. Rewards read unit tests or rubrics here. */
  readonly columns?: Readonly<Record<string, unknown>>;
}

/** Problems by index; the same index always gives the same problem. */
export interface ProblemSource {
  problem(index: number): Problem;
}
