import { answersMatch } from "../answers-match.js";
import { Meter, NoValue, ParseFailure, Undecided } from "./budget.js";
import { isSameAnswer } from "./compare.js";
import { isSameResidue } from "./congruence.js";
import type { Comparison } from "./equal.js";
import { isSameChoices } from "./letters.js";
import { parseAnswer } from "./parser.js";
import { hasValue, type Node, symbolsOf } from "./tree.js";
import { alike, isCompatible, splitCondition, unconditioned } from "./side-condition.js";
import { signOfEquality, unreadName } from "./unread-name.js";
import { isSameText, unwrapped, withoutCountedNoun } from "./unwrap.js";
import type { Verdict, VerifyOptions } from "./verdict.js";
import { isSameWording, wordingOf } from "./words.js";

/**
 * Decides whether a prediction is the gold answer. Never throws, and takes bounded time whatever the texts.
 *
 * Values are compared exactly, as fractions of integers; numbers with roots by intervals narrower than their separation bound;
 * those with π, e, logarithms or angles by intervals of at least 256 bits; expressions with variables at random points, which
 * depend on nothing but the two texts. No floating-point number decides anything.
 *
 * @param gold - the reference answer, TeX or plain; it decides the form that is expected.
 * @param prediction - the answer alone, as `extractAnswer` finds it, not a whole response.
 */
export function verifyAnswer(gold: string, prediction: string, { strict = false }: VerifyOptions = {}): Verdict {
  const verdict = verifyWhole(gold, prediction, strict);
  if (verdict.status === "correct" || strict) return verdict;
  return verifyMain(gold, prediction) ?? verifyNamed(unwrapped(gold), unwrapped(prediction)) ?? verdict;
}

/** The verdict on the value behind a limit, a sum or another name that is not read; undefined where there is none. */
function verifyNamed(gold: string, prediction: string): Verdict | undefined {
  const [wanted, given] = [unreadName(gold), unreadName(prediction)];
  if (wanted === undefined && given === undefined) return undefined;
  if (wanted === undefined ? signOfEquality(gold) !== undefined : signOfEquality(prediction) !== undefined && wanted.name !== given?.name)
    return undefined;
  const verdict = verifyWhole(wanted?.value ?? gold, given?.value ?? prediction, false);
  return verdict.status === "correct" || verdict.status === "wrong" ? verdict : undefined;
}

/** What stands before “since …” or “because …”; undefined where neither does. */
function withoutReason(prediction: string): string | undefined {
  if (prediction.length > 2_000) return undefined;
  const [, stated] = /^(.{0,300}?[^\s,;(])[\s,;(]*(?:\\text\{)?[\s,;(]*(?:since|because)\b/is.exec(prediction) ?? [];
  return stated;
}

/** The verdict on what stands before side conditions such as “for all real x”; undefined where there are none. */
function verifyMain(gold: string, prediction: string): Verdict | undefined {
  const stated = withoutReason(unwrapped(prediction));
  const left = splitCondition(unwrapped(gold));
  const right = alike(splitCondition(stated ?? unwrapped(prediction)), left ?? unconditioned(unwrapped(gold)));
  if (left === undefined && right === undefined && stated === undefined) return undefined;
  const verdict = verifyWhole(left?.main ?? gold, right?.main ?? stated ?? prediction, false);
  if (verdict.status === "correct" && !isCompatible(left, right))
    return { status: "wrong", reason: "the conditions behind the answer differ" };
  return verdict.status === "correct" || verdict.status === "wrong" ? verdict : undefined;
}

function verifyWhole(gold: string, prediction: string, strict: boolean): Verdict {
  if (answersMatch(prediction, gold) && /^[+-]?\d+$/.test(gold.trim())) return { status: "correct", reason: "the same whole number" };
  const [goldText, predictionText] = [unwrapped(gold), unwrapped(prediction)];
  if (goldText === "") return { status: "unparsableGold", reason: "the gold answer is empty" };
  if (predictionText === "") return { status: "unparsablePrediction", reason: "the prediction is empty" };
  if (!strict) {
    const same = isSameResidue(goldText, predictionText) ?? (isSameChoices(goldText, predictionText) ? true : undefined);
    if (same === true) return { status: "correct", reason: "equal to the gold answer" };
    if (same === false) return { status: "wrong", reason: `not equal to the gold answer ${goldText.slice(0, 60)}` };
  }
  const wording = goldText.length < 2_000 ? wordingOf(goldText) : undefined;
  if (wording && !(wording.kind === "choice" && wording.isBare))
    return decideWords(isSameWording(wording, predictionText, strict), goldText);
  if (wording && /^[AI] [a-z]/.test(predictionText)) return decideWords(false, goldText); // an article, or the speaker
  if (wording && predictionText.length < 2_000 && isSameWording(wording, predictionText, strict)) return decideWords(true, goldText);
  try {
    return decide(goldText, predictionText, strict);
  } catch (error) {
    if (error instanceof RangeError) return { status: "undecided", reason: "the answer is too large" };
    throw error;
  }
}

/** The reason why a gold answer cannot be compared but as the same text; undefined if it can. */
export function unreadableGold(gold: string): string | undefined {
  const text = unwrapped(gold);
  if (text === "") return "it is empty";
  if (text.length < 2_000 && wordingOf(text)) return undefined;
  if (isSameResidue(text, text) === true) return undefined;
  const { failure } = parse(text, true);
  const main = splitCondition(text)?.main ?? unreadName(text)?.value;
  return failure === undefined || main === undefined ? failure : parse(unwrapped(main), true).failure;
}

function decideWords(isSame: boolean, gold: string): Verdict {
  return isSame
    ? { status: "correct", reason: "the same words" }
    : { status: "wrong", reason: `the words differ from “${gold.slice(0, 60)}”` };
}

function decide(gold: string, prediction: string, isStrict: boolean): Verdict {
  const left = parse(gold, true);
  if (left.node === undefined) {
    if (!left.isBudget && isSameText(gold, prediction)) return { status: "correct", reason: "the same text, which is not read" };
    return { status: left.isBudget ? "undecided" : "unparsableGold", reason: `gold: ${left.failure}` };
  }
  const comparison: Comparison = { meter: new Meter(), random: seededRandom(`${gold}\n${prediction}`) };
  let failure: Failure | undefined;
  for (const reading of readingsOf(left.node, prediction, isStrict)) {
    if (reading.node === undefined) failure ??= reading;
    else {
      const verdict = compare(left.node, reading.node, gold, isStrict, comparison);
      if (verdict.status !== "wrong") return verdict;
    }
  }
  if (failure) return { status: failure.isBudget ? "undecided" : "unparsablePrediction", reason: `prediction: ${failure.failure}` };
  return { status: "wrong", reason: `not equal to the gold answer ${gold.slice(0, 60)}` };
}

/** The ways to read a prediction, the usual one first; it alone may fail. */
function* readingsOf(gold: Node, prediction: string, isStrict: boolean): Generator<Parsed> {
  yield parse(prediction, true);
  // 100,200,300 may also be three numbers.
  const asList = gold.kind !== "number" && /\d,\d{3}/.test(prediction) ? parse(prediction, false) : undefined;
  if (asList?.node) yield asList;
  // 0,5 and 1.234,5 with a decimal comma; 3,5 may be two numbers.
  if (gold.kind === "number" && gold.value.d !== 1n && !isStrict && /^-?(?:0|\d{1,3}(?:\.\d{3})+),\d+$/.test(prediction))
    yield parse(prediction.replaceAll(".", "").replace(",", "."), true);
  const isNumber = (hasValue(gold) || gold.kind === "unit") && symbolsOf(gold).size === 0;
  const counted = isNumber && !isStrict ? withoutCountedNoun(prediction, gold.kind === "unit" ? gold.unit : undefined) : undefined;
  // 0.12 m, beside 12 cm; elsewhere m is a variable
  const metres = gold.kind === "unit" && !isStrict ? /^(-?\d[\d.]*) ?([mgshL])(\^\{?[23]\}?)?$/.exec(prediction) : null;
  if (metres) yield parse(`${metres[1]} \\text{ ${metres[2]}}${metres[3] ?? ""}`, true);
  const scientific = gold.kind === "number" && /^-?\d+e[-+]?\d{1,4}$/i.test(prediction) ? /^(.*)e(.*)$/i.exec(prediction) : null;
  if (scientific) yield parse(`${scientific[1]} \\times 10^{${scientific[2]}}`, true);
  const number = counted === undefined ? undefined : parse(unwrapped(counted), true);
  if (number?.node) yield number;
}

function compare(gold: Node, prediction: Node, goldText: string, isStrict: boolean, comparison: Comparison): Verdict {
  try {
    if (isSameAnswer(gold, prediction, isStrict, comparison)) return { status: "correct", reason: "equal to the gold answer" };
    return { status: "wrong", reason: `not equal to the gold answer ${goldText.slice(0, 60)}` };
  } catch (error) {
    if (error instanceof NoValue) return { status: "wrong", reason: `no value to compare: ${error.message}` };
    if (error instanceof Undecided) return { status: "undecided", reason: error.message };
    throw error;
  }
}

interface Failure {
  readonly node?: undefined;
  readonly failure: string;
  readonly isBudget: boolean;
}

type Parsed = { readonly node: Node; readonly failure?: undefined } | Failure;

function parse(text: string, thousands: boolean): Parsed {
  try {
    return { node: parseAnswer(text, { thousands }) };
  } catch (error) {
    if (error instanceof Undecided) return { failure: error.message, isBudget: true };
    if (error instanceof ParseFailure) return { failure: error.message, isBudget: false };
    throw error;
  }
}

/** A small generator (mulberry32) whose seed is the FNV-1a hash of a text. */
function seededRandom(text: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
