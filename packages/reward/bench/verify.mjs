// Verdicts a second on the answers of MATH-500: each against itself, its rewritings and wrong answers made of it.
// `node verify.mjs FILE` prints a line of figures; with `pairs` behind it, the pairs as JSON lines, for a peer.
import { readFileSync } from "node:fs";
import { verifyAnswer } from "../dist/index.js";

const [file, mode] = process.argv.slice(2);
const answers = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line).answer); // prettier-ignore
const pairs = answers.flatMap((gold) => [...rewritingsOf(gold).map((prediction) => ({ gold, prediction, equal: true })), ...wrongOf(gold).map((prediction) => ({ gold, prediction, equal: false }))]); // prettier-ignore
if (mode === "pairs") for (const pair of pairs) console.log(JSON.stringify(pair));
else {
  for (const { gold, prediction } of pairs) verifyAnswer(gold, prediction); // compiled before it is measured
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
  milliseconds.sort((a, b) => a - b);
  console.log(JSON.stringify({ peer: "retool-ts", pairs: pairs.length, agreement: round(agreed / pairs.length), false_accepts: falseAccepts, verdicts_per_cpu_s: Math.round((pairs.length * 1e6) / (user + system)), median_ms: round(milliseconds[Math.floor(pairs.length / 2)]), worst_ms: round(milliseconds.at(-1)) })); // prettier-ignore
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
