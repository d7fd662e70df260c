import { codeFeatures, type CodeFeatures } from "./code-features.js";
import { CODE_WORDS, CONTEXT_OF_CHECKS, CONTEXT_OF_LOOPS, CONTEXT_WORDS, DATA_WORDS, type CodePurpose } from "./purpose-vocabulary.js";

/** What the rules say of a piece of code. */
export interface PurposeVerdict {
  readonly purpose: CodePurpose;
  /** The words or the structure that decided. */
  readonly evidence: string;
}

type Rule = readonly [purpose: CodePurpose, test: (features: CodeFeatures, context: string) => string | undefined];

const words = (pattern: RegExp) => (features: CodeFeatures) => pattern.exec(features.names)?.[0].trim();
const said = (pattern: RegExp) => (_: CodeFeatures, context: string) => pattern.exec(context)?.[0].trim();

/** The first that fits decides: what the code names, then what the text before it says, then the code's structure. */
const RULES: readonly Rule[] = [
  ["verification", said(CONTEXT_OF_CHECKS)],
  ["verification", words(/\b(assert|verify\w*|is_?correct|check_?(answer|result|solution))\b/i)],
  ["verification", ({ printsComparison }) => (printsComparison ? "prints a comparison" : undefined)],
  ...CODE_WORDS.map(([purpose, pattern]): Rule => [purpose, words(pattern)]),
  ["optimization", ({ keepsBetter }) => keepsBetter],
  ["optimization", ({ names, loops }) => (loops > 0 ? /\b(max|min)_\w+|\b(max|min)(imum|Value|Val)\b/i.exec(names)?.[0] : undefined)],
  ...CONTEXT_WORDS.map(([purpose, pattern]): Rule => [purpose, said(pattern)]),
  ...CONTEXT_OF_LOOPS.map(([purpose, pattern]): Rule => [
    purpose,
    ({ loops }, context) => (loops > 0 ? pattern.exec(context)?.[0].trim() : undefined),
  ]),
  ["simulation", ({ recurrence, testsRemainder, hasBranch }) => (testsRemainder && !hasBranch ? undefined : recurrence)],
  ["number theory", ({ testsRemainder }) => (testsRemainder ? "tests a remainder" : undefined)],
  ["data handling", words(DATA_WORDS)],
  ["search", ({ loops, hasBranch }) => (loops > 0 && hasBranch ? "a loop with a condition" : undefined)],
  ["search", ({ countsUp }) => (countsUp ? "counts up until a condition holds" : undefined)],
  ["simulation", ({ names }) => (/\bwhile\b/.test(names) ? "a loop" : undefined)],
  ["calculation", ({ hasArithmetic }) => (hasArithmetic ? "arithmetic" : undefined)],
  [
    "calculation",
    words(
      /\b(sum|add|mul|multiply|power|pow|sqrt|factorial|comb|perm|(?<!console\.)log|exp|abs|round|floor|ceil|Math\.\w+|math\.\w+)\b(?=\s*\()/,
    ),
  ],
];

/**
 * Says what a piece of Python or JavaScript is for, by fixed rules over its words, the text before it and its structure; comments and text
 * in quotes do not count.
 *
 * @param context - what the policy wrote just before the code.
 */
export function classifyCode(code: string, context = ""): PurposeVerdict {
  const features = codeFeatures(code);
  const near = context.slice(-200);
  for (const [purpose, test] of RULES) {
    const evidence = test(features, near);
    if (evidence !== undefined) return { purpose, evidence };
  }
  return { purpose: "other", evidence: "no rule fits" };
}
