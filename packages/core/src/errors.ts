const MARKER = Symbol.for("@retool-ts/error");

/**
 * Base class of every error that retool-ts throws on purpose.
 *
 * `code` is stable and meant for programs; `message` is meant for people. {@link RetoolError.isInstance} also
 * recognises errors made by another copy of the package, which `instanceof` does not.
 */
export class RetoolError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    Object.defineProperty(this, MARKER, { value: true });
  }

  static isInstance(error: unknown): error is RetoolError {
    return typeof error === "object" && error !== null && MARKER in error;
  }
}

/** The parts of a message that lets a user mend an input: one sentence is made of it. */
export interface InputProblem {
  /** The thing that was read or checked, such as `config` or `model checkpoint`. */
  readonly what: string;
  /** File, line, key or option, such as `train.yaml: train.groupSize`. */
  readonly where: string;
  readonly expected: string;
  readonly found: string;
  /** The remedy; an imperative without a full stop. */
  readonly fix: string;
}

/** A mistake in what the user gave: config, file, option, column. The CLI prints the message alone and exits with 2. */
export class InputError extends RetoolError {
  readonly problem: InputProblem;

  constructor(problem: InputProblem, options?: ErrorOptions) {
    super("INPUT", `${problem.what}: ${sentence(problem)}`, options);
    this.problem = problem;
  }
}

/** Several mistakes in one input, told at once; `problem` is the first. */
export class InputErrors extends InputError {
  readonly problems: readonly InputProblem[];

  /** @param problems - at least one; a single one reads like an {@link InputError}. */
  constructor(problems: readonly InputProblem[], options?: ErrorOptions) {
    super(problems[0]!, options);
    this.name = "InputError";
    this.problems = problems;
    if (problems.length > 1)
      this.message = `${problems[0]!.what}: ${problems.length} mistakes${problems.map((problem) => `\n  ${sentence(problem)}`).join("")}`;
  }
}

function sentence({ where, expected, found, fix }: InputProblem): string {
  return `${where}: expected ${expected}, found ${found}. To mend it: ${fix}.`;
}

/** An array or tensor of the wrong shape: a caller's mistake. */
export class ShapeError extends RetoolError {
  readonly argument: string;
  readonly expected: readonly (number | string)[];
  readonly actual: readonly number[];

  constructor(argument: string, expected: readonly (number | string)[], actual: readonly number[]) {
    super("SHAPE", `${argument}: expected [${expected.join(", ")}], got [${actual.join(", ")}]`);
    this.argument = argument;
    this.expected = expected;
    this.actual = actual;
  }
}
