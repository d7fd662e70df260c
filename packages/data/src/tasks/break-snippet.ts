import type { RandomStream } from "@retool-ts/core";

/** Names that a beginner would guess for the sandbox's functions and that do not exist there. */
const MISSPELT: readonly (readonly [name: RegExp, guess: string])[] = [
  [/\bgcd\b/, "gcf"],
  [/\blcm\b/, "lcf"],
  [/\bpowmod\b/, "power"],
  [/\bisPrime\b/, "prime"],
  [/\bprimes\b/, "prime"],
  [/\bdivisors\b/, "factors"],
  [/\bdigits\b/, "digit"],
  [/\brange\b/, "list"],
  [/\bsum\b/, "add"],
  [/\.length\b/, ".count()"],
];

/**
 * A variant of a correct one-line snippet that throws or does not parse: a function under another name, a closing
 * parenthesis left out or one too many, an operator with nothing behind it.
 */
export function breakSnippet(code: string, stream: RandomStream): string {
  const misspelt = MISSPELT.filter(([name]) => name.test(code)).map(([name, guess]) => code.replace(name, guess));
  const last = code.lastIndexOf(")");
  const unparsable = last >= 0 ? [code.slice(0, last) + code.slice(last + 1)] : [`${code})`, `${code}+`];
  return stream.pick([...misspelt, ...unparsable]);
}
