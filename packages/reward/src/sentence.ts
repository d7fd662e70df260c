/** Words that follow the value in a sentence and says more about it: “68, which is even”, “12 as required”. */
const CLAUSE =
  /,? \(?(?:which|because|since|so|as|that is|i\.e\.|hence|thus|therefore|but)\b|[,;] (?:and )?(?:the|it|this|that|we|they|there|I)\b|;? and (?:the|it|this|that|we|they|there|I|so)\b| [-–—] (?=[a-z]{2,})/;
/** Words of a sentence before it states a value: its subject holds no condition, and the verb is the first one. */
const SUBJECT =
  /^(?:(?:so|thus|hence|therefore|then|finally|now|and|we (?:find|get|see|have|conclude) (?:that)?|it follows that),? )*(?:the|a|an|our|its|this|that|it|there|all|my|his|her|their|\$[^$]*\$|\\\([^)]*\\\)|[A-Za-z])(?=[ ,])/i;
const CONDITION =
  /\b(?:if|unless|when|whenever|where|which|because|not|no|never|cannot|neither|or|either|except|other than|would|could|might)\b/i;
const VERB = / (?:is(?: (?:exactly|just|simply|equal to|given by))?|are|equals|will be|must be|comes? (?:out )?to|amounts? to) /i;

/**
 * The ways to read a sentence that states an answer, the likeliest first: the value alone of “the largest $n$ is 34”, and what stands
 * before more words on it. A later way is for where the earlier ones make no answer; the sentence as it stands is the last.
 */
export function readingsOfSentence(sentence: string): string[] {
  const text = withoutEmphasis(sentence.trim().replace(ADVERB, ""));
  const value = valueOf(text);
  const readings = [...(value === undefined ? [] : [withoutClause(value), value]), withoutClause(text), text];
  return [...new Set(readings)].filter((reading) => reading !== "");
}

const ADVERB = /^(?:therefore|thus|hence|then|so|exactly|just|simply|equal to|given by|approximately|about|roughly),? /i;

/** The value that a sentence states of its subject; undefined if it states none. */
export function valueOf(sentence: string): string | undefined {
  if (sentence.length > 1_000) return undefined;
  const subject = SUBJECT.exec(sentence);
  const verb = subject && VERB.exec(sentence.slice(subject[0].length - 1));
  if (!subject || !verb) return undefined;
  const before = sentence.slice(0, subject[0].length - 1 + verb.index);
  if (CONDITION.test(before)) return undefined;
  const value = withoutEmphasis(sentence.slice(subject[0].length - 1 + verb.index + verb[0].length).trim());
  return CONDITION.test(value.slice(0, 8)) ? undefined : value;
}

function withoutClause(text: string): string {
  const clause = CLAUSE.exec(text);
  const head = clause === null ? text : text.slice(0, clause.index).trim();
  return /[\d})$]$/.test(withoutEmphasis(head)) ? withoutEmphasis(head) : text;
}

/** Without the marks of Markdown around the beginning of a text, or left over at its end. */
export function withoutEmphasis(text: string): string {
  const around = /^(\*{1,3}|_{1,3}|`)(?=\S)([\s\S]{0,500}?\S)\1(?![*_`\w])/.exec(text);
  if (around && !around[2]!.includes(around[1]!)) return `${around[2]!}${text.slice(around[0].length)}`;
  const stray = /(?:\*{1,3}|(?<![\\_])_{2})$/.exec(text);
  return stray && text.indexOf(stray[0]) === stray.index ? text.slice(0, stray.index).trimEnd() : text;
}
