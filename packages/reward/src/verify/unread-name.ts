/** A value that an equation states of something which is not read: a limit, a sum, an integral, a probability, a function with a long name. */
export interface UnreadName {
  readonly name: string;
  readonly value: string;
}

const OPERATION = /^\\(?:lim|limsup|liminf|sum|prod|int|iint|oint|sup|inf|max|min|deg|dim|det|rank|Pr)(?![A-Za-z])/;
const LONG_FUNCTION = /^\\(?:text|mathrm|operatorname|mathbf)\{ ?[A-Za-z]{2,20} ?\}(?:\s*[([].*[)\]])?$/;
/** P(X ≥ 2), E[X | Y]: one letter with a relation or a condition between its brackets. */
const PROBABILITY =
  /^(?:[A-Z]|\\Pr|\\mathbb ?\{?[A-Z]\}?)\s*(?:\\left)?[([].*(?:[<>=|≤≥]|\\(?:le|ge|leq|geq|ne|neq|in|mid|vert)(?![A-Za-z])).*[)\]]$/;
const RELATION = /[<>≤≥≠≈]|\\(?:le|ge|leq|geq|leqslant|geqslant|ne|neq|approx|in|to|Rightarrow|implies)(?![A-Za-z])/;

/** The two sides of such an equation, at its first sign of equality outside brackets; undefined for any other answer. */
export function unreadName(answer: string): UnreadName | undefined {
  if (answer.length > 300) return undefined;
  const sign = signOfEquality(answer);
  if (sign === undefined) return undefined;
  const name = answer.slice(0, sign).trim();
  const isOperation = OPERATION.test(name) && !RELATION.test(outsideBrackets(name));
  if (!isOperation && !LONG_FUNCTION.test(name) && !PROBABILITY.test(name)) return undefined;
  return { name: name.replace(/\\[,;! ]|\s/g, ""), value: answer.slice(sign + 1).trim() };
}

/** Place of the first sign of equality outside of brackets. */
export function signOfEquality(text: string): number | undefined {
  const at = outsideBrackets(text).search(/(?<![<>!:\\])=/);
  return at < 0 ? undefined : at;
}

/** A text with blanks in place of what stands in brackets. */
function outsideBrackets(text: string): string {
  let depth = 0;
  return [...text].map((character) => {
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
    else if (depth === 0) return character;
    return " ".repeat(character.length);
  }).join(""); // prettier-ignore
}
