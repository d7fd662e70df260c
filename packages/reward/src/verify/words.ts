import { FUNCTION_NAMES, GREEK_NAMES, isUnitWord } from "./vocabulary.js";

/** An answer in words, which is compared as text. */
export type Wording =
  | { readonly kind: "choice"; readonly letter: string; readonly isBare: boolean }
  | { readonly kind: "truth"; readonly value: boolean }
  | { readonly kind: "time"; readonly minutes: number; readonly seconds: number; readonly half: "am" | "pm" | undefined }
  | { readonly kind: "text"; readonly text: string };

/** Without dollar signs, text commands, braces around all of it, and the full stop at its end. */
export function plainWords(answer: string): string {
  let text = answer.replace(/\\(?:text|mbox|textbf|textit|mathrm|operatorname|textrm|bf|rm)(?![a-zA-Z])/g, " ");
  text = text
    .replace(/\\[ ,;!:]/g, " ")
    .replace(/\\[()[\]]/g, " ")
    .replace(/[{}$~"“”]/g, " ");
  return text.replace(/[ \t\n\r]+/g, " ").trim().replace(/ ?[.!]$/, "").trim(); // prettier-ignore
}

/** Wording of a gold answer; undefined if it is mathematics. */
export function wordingOf(answer: string): Wording | undefined {
  const plain = plainWords(answer);
  const isText = /\\(?:text|mbox|mathrm)/.test(answer);
  const choice = /^\(?([A-Z])\)?$/.exec(plain);
  if (choice) return { kind: "choice", letter: choice[1]!, isBare: !isText && !plain.startsWith("(") };
  const isLabelled = isText || answer.startsWith("\\textbf");
  const labelled = (isLabelled ? /^\(([A-Z])\) ?[^()]{1,60}$/.exec(plain) : null) ?? LABELLED_WORDS.exec(plain);
  if (labelled) return { kind: "choice", letter: (labelled[1] ?? labelled[2])!, isBare: false };
  const time = timeOf(plain);
  if (time) return time;
  const truth = truthOf(plain);
  if (truth !== undefined) return { kind: "truth", value: truth };
  return isWords(plain, isText) ? { kind: "text", text: canonicalText(plain) } : undefined;
}

/** A choice with its words: “E: A polygenic score”, “(B) Paris”, “C - the first”. */
const LABELLED_WORDS = /^(?:\(([A-Z])\)[:.]?|([A-Z])(?:[):]|\.(?= )| [-–—](?= ))) ?(?=(?:A |An )?[A-Za-z]{3})[^;]{1,200}$/;

/** Checks whether the prediction says the same in words; undefined where it cannot be read that way. */
export function isSameWording(gold: Wording, prediction: string, isStrict: boolean): boolean {
  const plain = plainWords(prediction);
  switch (gold.kind) {
    case "choice":
      return choiceOf(plain, gold, isStrict) === gold.letter;
    case "truth":
      return truthOf(plain) === gold.value;
    case "time": {
      const time = timeOf(plain);
      if (time?.kind !== "time" || time.minutes % 720 !== gold.minutes % 720 || time.seconds !== gold.seconds) return false;
      const [left, right] = [halfOf(gold), halfOf(time)];
      return left === right || (!isStrict && left === undefined);
    }
    case "text":
      return plain.length < 2_000 && canonicalText(plain) === gold.text;
  }
}

/** The one letter that a prediction chooses: C, (C), C) 5, C: 5, option C. */
function choiceOf(plain: string, { isBare }: { readonly isBare: boolean }, isStrict: boolean): string | undefined {
  const exact = /^\(?([A-Z])\)?$/.exec(plain) ?? (isBare ? null : /^\(?([a-z])\)?$/.exec(plain));
  if (exact || isStrict) return exact?.[1]?.toUpperCase();
  const named = /^(?:option|choice|answer) \(?([A-Z])\)?$/i.exec(plain);
  if (named) return named[1]!.toUpperCase();
  const listed = /^([A-Z]), (?=(?:A |An |The )?[A-Z][a-z]{2})[^,;]{3,100}$/.exec(plain); // E, Paris
  if (listed && !/(?:^|[ ,])[B-Z](?:$|[ ,.:)])| (?:and|or) /.test(plain.slice(2))) return listed[1];
  // The letter and what it stands for; no second letter that could be a choice.
  const labelled =
    /^(?:(?:[Oo]ption|[Cc]hoice|[Aa]nswer) )?(?:\(([A-Z])\)[:.]?|([A-Z])(?:[).:]| [-–—] (?=.*[A-Za-z]{3}))) ?([^;]{1,200})$/.exec(plain);
  const words = labelled?.[3]!.replace(/(?<=^|[ ])A (?=[a-z]{2})/g, "the "); // an article
  if (!labelled || words === undefined || /(?:^|[^A-Za-z])\(?[A-Z]\)|(?:^| )[A-Z](?:$|[ ,.:])|^(?:or|and) /.test(words)) return undefined;
  return labelled[1] ?? labelled[2];
}

function truthOf(plain: string): boolean | undefined {
  const lower = plain.toLowerCase();
  if (lower === "yes" || lower === "true") return true;
  return lower === "no" || lower === "false" ? false : undefined;
}

function timeOf(plain: string): Extract<Wording, { kind: "time" }> | undefined {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))? ?([ap])?(\.?m\.?)?$/i.exec(plain);
  if (!match || (match[4] === undefined) !== (match[5] === undefined)) return undefined;
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hours > 24 || minutes > 59 || seconds > 59) return undefined;
  const half = match[4] === undefined ? undefined : match[4].toLowerCase() === "a" ? "am" : "pm";
  if (half && (hours > 12 || hours === 0)) return undefined;
  return { kind: "time", minutes: hours * 60 + minutes, seconds, half };
}

/** The half of the day; hours from 13 on, and 0, tell it themselves. */
function halfOf({ minutes, half }: Extract<Wording, { kind: "time" }>): "am" | "pm" | undefined {
  return half ?? (minutes >= 780 ? "pm" : minutes < 60 ? "am" : undefined);
}

/** Checks whether a text is words and not variables side by side. */
function isWords(plain: string, isText: boolean): boolean {
  if (!/^[A-Za-z][A-Za-z '’,&-]*$/.test(plain)) return false;
  const words = plain.split(/[ ,&'’-]+/).filter((word) => word !== "");
  if (isText && words.length > 1) return true;
  if (words.length === 1 && FUNCTION_NAMES.has(plain.toLowerCase())) return false;
  if (GREEK_NAMES.has(plain)) return false;
  const isWord = (word: string) => word.length >= 4 || (word.length >= (isText ? 2 : 3) && /[aeiouy]/i.test(word)) || isUnitWord(word);
  return (
    words.some(isWord) &&
    words.every((word) => isText || isWord(word) || word.length === 2 || /^[aI]$/.test(word)) &&
    (isText || !words.some((word) => FUNCTION_NAMES.has(word)))
  );
}

function canonicalText(plain: string): string {
  if (/^[A-Z](?:(?:, ?| and |, and )[A-Z])+$/.test(plain)) return [...new Set(plain.match(/\b[A-Z]\b/g))].sort().join(" "); // choices
  const words = plain.toLowerCase().split(/[ ,]+/).filter((word) => word !== ""); // prettier-ignore
  if (words.length > 1 && (words[0] === "the" || words[0] === "a" || words[0] === "an")) words.shift();
  return words.join(" ").replaceAll("’", "'");
}
