// Verdicts a second on the answers of MATH-500: each against itself, its rewritings and wrong answers made of it.
// `node verify.mjs FILE` prints a line of figures; with `pairs` behind it, the pairs as JSON lines, for a peer.
import { readFileSync } from "node:fs";
import { verifyAnswer } from "../dist/index.js";

/** Passes over the pairs: the first compiles, the speed is the median of the others. A peer makes one pass, since it caches what it has seen. */
const ROUNDS = 6;

const [file, mode] = process.argv.slice(2);
const answers = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line).answer); // prettier-ignore
const pairs = answers.flatMap((gold) => [...rewritingsOf(gold).map((prediction) => ({ gold, prediction, equal: true })), ...wrongOf(gold).map((prediction) => ({ gold, prediction, equal: false }))]); // prettier-ignore
if (mode === "pairs") for (const pair of pairs) console.log(JSON.stringify(pair));
else {
  const rounds = Array.from({ length: ROUNDS }, () => measure(pairs));
  const { agreed, falseAccepts } = rounds[0];
  const timed = rounds.slice(1).map((round) => round.milliseconds); // the first compiles
  const milliseconds = timed[0].map((_, pair) => Math.min(...timed.map((round) => round[pair]))); // in the others, the machine was busy
  const cpuSeconds = median(rounds.slice(1).map((round) => round.cpuSeconds));
  milliseconds.sort((a, b) => a - b);
  console.log(JSON.stringify({ peer: "retool-ts", pairs: pairs.length, agreement: round(agreed / pairs.length), false_accepts: falseAccepts, verdicts_per_cpu_s: Math.round(pairs.length / cpuSeconds), median_ms: round(median(milliseconds)), worst_ms: round(milliseconds.at(-1)) })); // prettier-ignore
}

/** One pass over all pairs. */
function measure(pairs) {
  const milliseconds = [];
  let agreed = 0;
  let falseAccepts = 0;
  const started = process.cpuUsage();
  for (const { gold, prediction, equal } of pairs) {
    const start = process.hrtime.bigint();
    const isCorrect = verifyAnswer(gold, prediction).status === "correct";
    milliseconds.push(Number(process.hrtime.bigint() - start) / 1e6);
    if (isCorrect === equal) agreed++;
    else if (isCorrect) falseAccepts++;
  }
  const { user, system } = process.cpuUsage(started);
  return { milliseconds, agreed, falseAccepts, cpuSeconds: (user + system) / 1e6 };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function rewritingsOf(answer) {
  const changed = [
    answer,
    `$${answer}$`,
    answer.replaceAll("\\frac", "\\dfrac"),
    answer.replaceAll(/\\left|\\right/g, ""),
    answer.replaceAll(/ ?([+=-]) ?/g, " $1 "),
  ];
  return [...new Set(changed)];
}

/** The last digit, one higher; and the answer plus 1 where it is a number. */
function wrongOf(answer) {
  const last = /\d(?!.*\d)/.exec(answer);
  const bumped = last ? [answer.slice(0, last.index) + ((Number(last[0]) + 1) % 10) + answer.slice(last.index + 1)] : [];
  return /^-?(?:\d+|\\frac\{\d+\}\{\d+\})$/.test(answer) ? [...bumped, `${answer}+1`] : bumped;
}

function round(value) {
  return Number(value.toPrecision(3));
}
