/** What the rules of `classifyCode` look at. */
export interface CodeFeatures {
  /** The code without comments and text in quotes. */
  readonly names: string;
  /** `for`, `while` and passes over a list, as in `xs.map(…)`. */
  readonly loops: number;
  readonly hasBranch: boolean;
  readonly hasArithmetic: boolean;
  /** A condition on a remainder, as in `n % d == 0`. */
  readonly testsRemainder: boolean;
  /** Shows whether two things are equal. */
  readonly printsComparison: boolean;
  /** In a loop, the next state is made of the last, as in `a, b = b, a + b`; a sum that grows is none. */
  readonly recurrence: string | undefined;
  /** In a loop, the better of two is kept, as in `low = min(low, cost)`. */
  readonly keepsBetter: string | undefined;
  /** A `while` that only counts up until its condition holds. */
  readonly countsUp: boolean;
}

/** Text in quotes, triple ones first, and comments. A string goes before a comment that it holds, and the other way round. */
const QUOTED = String.raw`"""[^]*?(?:"""|$)|\'\'\'[^]*?(?:\'\'\'|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`;
const PYTHON_TEXT = new RegExp(String.raw`${QUOTED}|#[^\n]*`, "g"); // here // divides
const JAVASCRIPT_TEXT = new RegExp(String.raw`${QUOTED}|${"`"}(?:\\.|[^\\${"`"}])*${"`"}|/\*[^]*?(?:\*/|$)|//[^\n]*`, "g");
const JAVASCRIPT = /\b(?:const|let|var|function|console|Math|Number|String)\b|=>|===|;[ \t]*$/m;

/** Characters that are looked at; what code is for shows early. */
const MOST_CHARS = 4_000;

const LOOP = /\b(for|while)\b|\.(map|forEach|reduce|filter|some|every|find)\s*\(/g;
const PRINTS_EQUALITY = /^[^\n]*\b(?:print|console\.log)\s*\([^\n]*(?:===?|!==?)[^\n]*\)\s*;?\s*$/;
const PRINTS_CLOSENESS = /\b(?:print|console\.log)\s*\([^\n]*(?:\babs\([^\n]*<|\bisclose\()/;

/** `x = f(x)` and `x[i] = f(x)`, where `x = x + …` only adds up; `x, y = y, …`; `x -= …`; `x.push(x[i - 1] …)`. */
const RECURRENCES = [
  /(?<!, ?)\b(\w+)(?:\[[^\]\n]*\])?\s*=(?![=>])(?!\s*\1\s*(?:\+|\(\)))[^=\n;]*\b\1\b[^\n;]*/,
  /\b(\w+), ?(\w+)\s*=\s*\2\s*,[^\n]*/,
  /\[(\w+), ?(\w+)\]\s*=\s*\[\2\s*,[^\n]*/,
  /\b\w+\s*-=[^\n;]*/,
  /\b(\w+)\.(?:push|append)\(\s*[^\n]*\b\1\[[^\n]*/,
];

const KEPT_BETTER = [
  /(?:^|[\s;)])([\w.]+(?:\[[^\]\n]*\])?)\s*=\s*(?:Math\.)?(?:min|max)\(\s*\1[^\n]*/,
  /\bif\s*\(?\s*([\w.[\]]+)\s*[<>]=?\s*([\w.[\]]+)[^\n]*\s+\2\s*=\s*\1\b/,
  /\b(?:min|max)\(\(?[^\n]*\bfor\b[^\n]*/,
];

/** Reads Python and JavaScript alike, by their words. */
export function codeFeatures(code: string): CodeFeatures {
  const head = code.slice(0, MOST_CHARS);
  const names = head.replace(JAVASCRIPT.test(head) ? JAVASCRIPT_TEXT : PYTHON_TEXT, " ");
  const lastLine = names.split("\n").findLast((line) => line.trim() !== "") ?? "";
  const loops = [...names.matchAll(LOOP)].length;
  const inLoop = (patterns: readonly RegExp[]) => (loops > 0 ? firstMatch(patterns, names) : undefined);
  return {
    names,
    loops,
    hasBranch: /\bif\b|\?[^:\n]+:|&&|\|\||\.(filter|some|every|find)\s*\(/.test(names),
    hasArithmetic: /[\w)\]]\s*(\*\*|[-+*/%^])\s*[\w([.-]/.test(names),
    testsRemainder: /%\s*[\w.()[\]]+\s*(==|!=|<|>)|!\s*\(\s*\w+\s*%/.test(names),
    printsComparison: !/\bif\b/.test(lastLine) && (PRINTS_EQUALITY.test(lastLine) || PRINTS_CLOSENESS.test(lastLine)),
    recurrence: inLoop(RECURRENCES),
    keepsBetter: inLoop(KEPT_BETTER),
    countsUp: /\bwhile\b[^\n]*(?:\{\s*|:\s*)?\s*\w+\s*(?:\+\+|\+=\s*1)/.test(names),
  };
}

function firstMatch(patterns: readonly RegExp[], text: string): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text)?.[0].trim();
    if (found !== undefined) return found;
  }
  return undefined;
}
