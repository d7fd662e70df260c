/** Other ways to write an answer, made mechanically; all have its value. */
export function rewritingsOf(answer: string): string[] {
  const swap = (from: RegExp, to: string) => answer.replace(from, to);
  const candidates = [
    `$${answer}$`,
    `\\(${answer}\\)`,
    `  ${answer} `,
    `${answer}.`,
    `\\boxed{${answer}}`,
    `{${answer}}`,
    swap(/\\frac/g, "\\dfrac"),
    swap(/\\dfrac/g, "\\frac"),
    swap(/\\frac/g, "\\tfrac"),
    swap(/\\left|\\right/g, ""),
    /^\([^()]*\)$/.test(answer) ? `\\left${answer.slice(0, -1)}\\right)` : answer,
    /\\text|\\mbox/.test(answer) ? answer : swap(/ /g, ""),
    swap(/ \\?(?=[+-])/g, "  "),
    swap(/\\frac\{(\d+)\}\{(\d+)\}/g, "{$1}/{$2}"),
    swap(/\^\\circ/g, "^{\\circ}"),
    swap(/\\sqrt(\d)/g, "\\sqrt{$1}"),
    swap(/pmatrix/g, "bmatrix"),
    swap(/\\pi/g, "\\pi "),
    ...decimals(answer),
    ...reordered(answer),
  ];
  // A text with braces around it, or blanks taken out of words, is another text; an answer in words is only wrapped.
  const isWords = /\\text|\\mbox/.test(answer);
  return [...new Set(candidates)].filter((candidate) => candidate !== answer && !(isWords && candidate.startsWith("{")));
}

/** 3/4 as 0.75, where that is exact; 12 as 12.0. */
function decimals(answer: string): string[] {
  if (/^-?\d+$/.test(answer)) return [`${answer}.0`, `\\frac{${answer}}{1}`];
  const match = /^(-?)\\d?frac\{(\d{1,5})\}\{(\d{1,5})\}$/.exec(answer);
  if (!match) return [];
  const [above, below] = [BigInt(match[2]!), BigInt(match[3]!)];
  if ((above * 10n ** 8n) % below !== 0n) return [`${match[1]}\\frac{${above * 3n}}{${below * 3n}}`];
  const digits = ((above * 10n ** 8n) / below).toString().padStart(9, "0");
  return [`${match[1]}${digits.slice(0, -8)}.${digits.slice(-8)}`];
}

/** The terms of a sum of two, swapped. */
function reordered(answer: string): string[] {
  const match = /^([\w\\{}^]+) ?([+-]) ?([\w\\{}^ ]+)$/.exec(answer);
  if (!match || /pm|text/.test(answer)) return [];
  return [match[2] === "+" ? `${match[3]}+${match[1]}` : `-${match[3]}+${match[1]}`];
}

/** Wrong answers near the right one. */
export function perturbationsOf(answer: string): string[] {
  if (answer.startsWith("\\text")) return ["\\text{none}", "x"];
  const digit = /\d(?!.*\d)/.exec(answer);
  const changed = digit ? [bump(answer, digit.index)] : [];
  const isQuantity = !/[,=_]|begin|cup|\\in|\\pm|text|mbox|circ/.test(answer);
  return [...changed, ...(isQuantity ? [`${answer}+1`, `${answer}+\\frac17`, `${answer}, 0`] : [`${answer}, 0`]), "", "\\infty"].filter(
    (candidate) => candidate !== answer,
  );
}

/** The digit at an index, one higher; another base or an index of a root would be another matter, and is still wrong. */
function bump(text: string, index: number): string {
  const digit = Number(text[index]);
  return text.slice(0, index) + String(digit === 9 ? 8 : digit + 1) + text.slice(index + 1);
}
