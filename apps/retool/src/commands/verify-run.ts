import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { InputError } from "@retool-ts/core";
import { extractAnswer, lastBoxed, mathDapoScore, verifyAnswer } from "@retool-ts/reward";
import { z } from "zod";
import type { CliContext } from "../shell/cli-context.js";

/** Rules that `retool verify` knows. */
export const VERIFY_RULES = ["equivalence", "math-dapo-strict", "math-dapo-minerva"] as const;
export type VerifyRule = (typeof VERIFY_RULES)[number];

export interface VerifyOptions {
  readonly rule: VerifyRule;
  readonly json: boolean;
}

/** What is added to a row. */
export interface Verified {
  readonly verdict: "correct" | "wrong" | "unparsableGold" | "unparsablePrediction" | "undecided";
  readonly reason: string;
  /** The answer that was compared; null when none was found. */
  readonly extracted: string | null;
  readonly score: 1 | -1;
}

const Row = z.looseObject({ gold: z.string(), prediction: z.string() });

/** A bare answer longer than this is taken for a response without an answer, when no source finds one in it. */
const LONGEST_BARE_ANSWER = 200;

/** Judges one prediction, which may be a bare answer or a whole response. */
export function verifyRow(gold: string, prediction: string, rule: VerifyRule): Verified {
  if (rule !== "equivalence") {
    const { correct, score, prediction: found } = mathDapoScore(prediction, gold, { strictBox: rule === "math-dapo-strict" });
    const extracted = found === "" || found === "[INVALID]" ? null : found;
    const reason =
      extracted === null ? "no answer found" : correct ? "equal under the rule" : `"${extracted}" is not "${gold}" under the rule`;
    return { verdict: correct ? "correct" : "wrong", reason, extracted, score };
  }
  const extracted = answerOf(prediction);
  if (extracted === undefined) return { verdict: "wrong", reason: "no answer found", extracted: null, score: -1 };
  const wanted = lastBoxed(gold)?.text ?? gold;
  const verdict = verifyAnswer(wanted, extracted);
  // A sentence that ends in a formula is a response too.
  const formula = verdict.status === "unparsablePrediction" ? extractAnswer(prediction, { sources: ["expression"] })?.text : undefined;
  if (formula !== undefined && formula !== extracted) {
    const { status, reason } = verifyAnswer(wanted, formula);
    return { verdict: status, reason, extracted: formula, score: status === "correct" ? 1 : -1 };
  }
  const { status, reason } = verdict;
  return { verdict: status, reason, extracted, score: status === "correct" ? 1 : -1 };
}

/** The answer of a response, or the whole text where it is an answer already. */
function answerOf(prediction: string): string | undefined {
  const marked = extractAnswer(prediction, { sources: ["boxed", "tag", "anchor"] });
  if (marked !== undefined) return marked.text;
  const bare = prediction.trim();
  if (bare === "") return undefined;
  if (bare.length <= LONGEST_BARE_ANSWER && !bare.includes("\n")) return bare;
  return extractAnswer(prediction, { sources: ["expression", "number"] })?.text;
}

/** Judges every row `{gold, prediction}` of a JSONL file; prints the rows with verdicts, or counts. */
export async function verifyFile(file: string, { rule, json }: VerifyOptions, { print, reporter, signal }: CliContext): Promise<void> {
  const counts = new Map<Verified["verdict"], number>();
  let line = 0;
  for await (const text of await openLines(file)) {
    signal.throwIfAborted();
    line++;
    if (text.trim() === "") continue;
    const row = parseRow(text, `${file}: line ${line}`);
    const verified = verifyRow(row.gold, row.prediction, rule);
    counts.set(verified.verdict, (counts.get(verified.verdict) ?? 0) + 1);
    if (json) print(JSON.stringify({ ...row, ...verified }));
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0)
    throw new InputError({ what: "verify", where: file, expected: "at least one row", found: "none", fix: "name a file with rows" });
  const rows = [...counts].map(([verdict, count]) => [verdict, String(count), `${((100 * count) / total).toFixed(1)} %`]);
  if (json) reporter.say(rows.map(([verdict, count]) => `${verdict} ${count}`).join(", "));
  else for (const row of rows) print(row.join("  "));
}

async function openLines(file: string): Promise<AsyncIterable<string>> {
  const info = await stat(file).catch(() => undefined);
  if (info === undefined || !info.isFile()) {
    const found = info === undefined ? "no such file" : "a folder";
    throw new InputError({ what: "verify", where: file, expected: "a JSONL file", found, fix: "check the path" });
  }
  return createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity });
}

function parseRow(text: string, where: string): z.infer<typeof Row> {
  const problem = (found: string) =>
    new InputError({
      what: "verify",
      where,
      expected: "an object with the texts gold and prediction",
      found,
      fix: "correct or remove the line",
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw problem((error as Error).message);
  }
  const parsed = Row.safeParse(typeof value === "object" && value !== null ? { ...value, ...asText(value) } : value);
  if (!parsed.success) throw problem(`${parsed.error.issues[0]!.path.join(".") || "the row"}: ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** Numbers are answers too. */
function asText(row: object): Record<string, string> {
  const entries = Object.entries(row).filter(([key, value]) => (key === "gold" || key === "prediction") && typeof value === "number");
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}
