/** What the rules of `classifyCode` look at. */
export interface CodeFeatures {
  /** The code without comments and text in quotes. */
  readonly names: string;
  readonly loops: number;
  readonly hasBranch: boolean;
  readonly hasArithmetic: boolean;
  /** A condition on a remainder, as in `n % d == 0`. */
  readonly testsRemainder: boolean;
  /** The last line shows whether two things are equal. */
  readonly printsComparison: boolean;
}

/** Text in quotes, triple ones first, and comments. A string goes before a comment that it holds, and the other way round. */
const QUOTED = String.raw`"""[^]*?(?:"""|$)|\'\'\'[^]*?(?:\'\'\'|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`;
const PYTHON_TEXT = new RegExp(String.raw`${QUOTED}|#[^\n]*`, "g"); // here // divides
const JAVASCRIPT_TEXT = new RegExp(String.raw`${QUOTED}|${"`"}(?:\\.|[^\\${"`"}])*${"`"}|/\*[^]*?(?:\*/|$)|//[^\n]*`, "g");
const JAVASCRIPT = /\b(?:const|let|var|function|console|Math|Number|String)\b|=>|===|;[ \t]*$/m;

/** Characters that are looked at; what code is for shows early. */
const MOST_CHARS = 4_000;

const LOOP = /\b(for|while)\b|\.(map|forEach|reduce|filter|some|every|find)\s*\(/g;

/** Reads Python and JavaScript alike, by their words. */
export function codeFeatures(code: string): CodeFeatures {
  const head = code.slice(0, MOST_CHARS);
  const names = head.replace(JAVASCRIPT.test(head) ? JAVASCRIPT_TEXT : PYTHON_TEXT, " ");
  const lastLine = names.split("\n").findLast((line) => line.trim() !== "") ?? "";
  return {
    names,
    loops: [...names.matchAll(LOOP)].length,
    hasBranch: /\bif\b|\?[^:\n]+:|&&|\|\||\.(filter|some|every|find)\s*\(/.test(names),
    hasArithmetic: /[\w)\]]\s*(\*\*|[-+*/%^])\s*[\w([.-]/.test(names),
    testsRemainder: /%\s*[\w.()[\]]+\s*(==|!=|<|>)|!\s*\(\s*\w+\s*%/.test(names),
    printsComparison:
      !/\b(for|if)\b/.test(lastLine) && /^\s*(?:print|console\.log)\s*\([^\n]*(?:===?|!==?)[^\n]*\)\s*;?\s*$/.test(lastLine),
  };
}
