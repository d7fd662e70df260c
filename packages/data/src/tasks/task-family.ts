import type { RandomStream } from "@retool-ts/core";
import { breakSnippet } from "./break-snippet.js";

/** Operand size: 1 is within reach of mental text, 2 is medium, 3 has operands of three to five digits. */
export type TaskLevel = 1 | 2 | 3;

/**
 * Wordings of a problem: those of training; another sentence of the same words; or one with words that training never
 * has.
 */
export type Wordings = "training" | "reordered" | "newWords";

/** One generated problem with everything a cold-start trace needs. */
export interface TaskInstance {
  /** Canonical operands: equal keys within a family are the same problem, whatever the wording. */
  readonly key: string;
  /** In a wording of training. */
  readonly question: string;
  /** The same in wordings that no training data has. */
  readonly unseen: Readonly<Record<Exclude<Wordings, "training">, string>>;
  /** An integer in decimal text. */
  readonly answer: string;
  /** Correct one-line JavaScript snippets, each in another style; the first is the shortest. */
  readonly code: readonly string[];
  /** A correct one-line snippet without the sandbox's own functions: the language alone. */
  readonly plainCode: string;
  /** Worked reasoning that ends in the answer; absent where it would pass `MAX_STEP_TOKENS`. */
  readonly steps?: string | undefined;
  /** Other worked ways to the same answer; each is absent where it would pass the limit. */
  readonly ways?: Ways;
  /** A plausible snippet that runs and gives another value: one operand slipped, or the wrong operation. */
  wrongCode(stream: RandomStream): string;
  /** A snippet that throws or does not parse: a misspelt function, a missing parenthesis. */
  brokenCode(stream: RandomStream): string;
}

/** Worked ways beside `steps`: place by place, harder a step; and `steps` with a test of the result behind them. */
export interface Ways {
  readonly places?: string | undefined;
  readonly checked?: string | undefined;
}

/** A kind of problem. `generate` is a pure function of the stream's position and the level. */
export interface TaskFamily {
  readonly name: string;
  readonly description: string;
  generate(stream: RandomStream, level: TaskLevel): TaskInstance;
}

/** A wrong snippet and the value it gives, so that one which happens to be right can be left out. */
export interface Mistake {
  readonly code: string;
  readonly value: number;
}

/** A family's knowledge of one problem; {@link taskInstance} makes the rest of it. */
export interface TaskDraft {
  readonly key: string;
  readonly question: string;
  readonly unseen: TaskInstance["unseen"];
  readonly answer: number;
  readonly code: readonly string[];
  readonly plainCode: string;
  readonly steps: string | undefined;
  readonly ways?: Ways;
  mistakes(stream: RandomStream): readonly Mistake[];
}

/** Completes a draft: decimal answer, and wrong and broken variants of its snippets. */
export function taskInstance({ answer, mistakes, ...draft }: TaskDraft): TaskInstance {
  const { code } = draft;
  return {
    ...draft,
    answer: String(answer),
    wrongCode(stream) {
      const wrong = mistakes(stream).filter(({ value }) => value !== answer);
      return wrong.length > 0 ? stream.pick(wrong).code : `${code[0]!}+1`;
    },
    brokenCode: (stream) => breakSnippet(stream.pick(code), stream),
  };
}

/**
 * A whole number from low to high whose number of digits is drawn first, then the number among those of that length. Drawn evenly, nine
 * of ten numbers have the most digits there are, and a policy learns to copy those alone.
 */
export function drawByLength(stream: RandomStream, low: number, high: number): number {
  const digits = stream.integer(String(low).length, String(high).length);
  return stream.integer(Math.max(low, 10 ** (digits - 1)), Math.min(high, 10 ** digits - 1));
}

/** The operand a hasty reader would copy: close to `value`, never equal to it and never below `minimum`. */
export function slip(stream: RandomStream, value: number, minimum = 1): number {
  const slipped = value + stream.pick([-1, 1, 2, 10, -10]);
  return slipped < minimum ? value + 1 : slipped;
}
