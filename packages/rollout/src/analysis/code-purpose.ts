import { codeFeatures, type CodeFeatures } from "./code-features.js";

/** What a piece of code is for; after the categories that "ReTool" found (https://arxiv.org/abs/2504.11536), figure 5. */
export const CODE_PURPOSES = [
  "calculation",
  "verification",
  "search",
  "number theory",
  "symbolic algebra",
  "simulation",
  "probability",
  "geometry",
  "optimization",
  "data handling",
  "other",
] as const;

/**
 * - `calculation`: a formula with numbers; `simulation`: a recurrence or process, step by step; `search`: going through cases.
 * - `number theory`: divisors, primes, residues, digits; `symbolic algebra`: a computer algebra system, or equations to be solved.
 * - `probability`, `geometry`, `optimization`, `data handling`: by their vocabulary.
 * - `verification`: to check what was found before; `other`: none of these.
 */
export type CodePurpose = (typeof CODE_PURPOSES)[number];

/** What the rules say of a piece of code. */
export interface PurposeVerdict {
  readonly purpose: CodePurpose;
  /** The words or the structure that decided. */
  readonly evidence: string;
}

type Rule = readonly [purpose: CodePurpose, test: (features: CodeFeatures, context: string) => string | undefined];

const words = (pattern: RegExp) => (features: CodeFeatures) => pattern.exec(features.names)?.[0].trim();

/** The first that fits decides: the special before the general. */
const RULES: readonly Rule[] = [
  [
    "verification",
    (_, context) => /\b(verif\w+|double[- ]check\w*|sanity check|check (that|if|whether|our|my|the (result|answer)))\b/i.exec(context)?.[0],
  ],
  ["verification", words(/\b(assert|verify\w*|is_?correct|check_?(answer|result|solution))\b/i)],
  ["verification", ({ printsComparison }) => (printsComparison ? "prints a comparison" : undefined)],
  [
    "symbolic algebra",
    words(/\b(sympy|symbols|solve|solveset|simplify|expand|factor_list|integrate|diff|limit|Eq|Rational|nerdamer|algebrite)\b/),
  ],
  ["probability", words(/\b(?:prob\w*|\w*(probab|likelihood|binomial|expected_?val|monte_?carlo|trials)\w*)\b/i)],
  ["probability", words(/\b(random|Math\.random|randint|randrange)\b/)],
  [
    "geometry",
    words(
      /\b(hypot|atan2?|acos|asin|sin|cos|tan|radians|degrees|area|perimeter|circum\w+|triangle|circle|radius|angle|distance|polygon|Point)\b/i,
    ),
  ],
  ["optimization", words(/\b(minimize|maximize|linprog|argmin|argmax|optimum|optimal|best\w*)\b/i)],
  ["optimization", ({ names, loops }) => (loops > 0 ? /\b(max|min)_\w+|\b(max|min)(imum|Value|Val)\b/i.exec(names)?.[0] : undefined)],
  [
    "number theory",
    words(
      /\b(gcd|lcm|is_?prime|primes?|sieve|prime_?factors?|factors?|factorint|divisors?|totient|phi|mod_?pow|pow_?mod|modinv|inverse_mod|crt|digits?|digit_?sum|sum_?digits)\b/i,
    ),
  ],
  ["number theory", ({ testsRemainder }) => (testsRemainder ? "tests a remainder" : undefined)],
  ["search", words(/\b(product|permutations|combinations|itertools|backtrack\w*|dfs|bfs|brute_?force|candidates?|solutions)\b/i)],
  ["search", ({ loops, hasBranch }) => (loops > 1 ? `${loops} loops` : loops > 0 && hasBranch ? "a loop with a condition" : undefined)],
  ["simulation", ({ loops }) => (loops > 0 ? "a loop" : undefined)],
  [
    "data handling",
    words(
      /\b(split|join|sorted|sort|reverse|Counter|defaultdict|re\.\w+|JSON|json|replace|strip|unique|pandas|DataFrame|Map|Set|toString|charAt|charCodeAt)\b/,
    ),
  ],
  ["calculation", ({ hasArithmetic }) => (hasArithmetic ? "arithmetic" : undefined)],
  ["calculation", words(/\b(sum|add|mul|multiply|power|pow|sqrt|factorial|comb|perm|log|exp|abs|round|floor|ceil|Math\.\w+|math\.\w+)\b/)],
];

/**
 * Says what a piece of Python or JavaScript is for, by fixed rules over its words and its structure; comments and text in quotes do not
 * count.
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
