import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { InputError, parseExactJson } from "@retool-ts/core";
import { textLines } from "@retool-ts/data";
import { ANSWER_SOURCES, outcomeReward, readGold, REWARD_RULES, type OutcomeRule } from "@retool-ts/reward";
import { z } from "zod";
import type { CliContext } from "../shell/cli-context.js";

/** Rules that `retool verify` knows: those of training. */
export const VERIFY_RULES = Object.keys(REWARD_RULES) as OutcomeRule[];
export type VerifyRule = OutcomeRule;

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

/** Judges one prediction, which may be a bare answer or a whole response, as training does. */
export function verifyRow(gold: string, prediction: string, rule: VerifyRule): Verified {
  const reward = outcomeReward({ rule, sources: ANSWER_SOURCES });
  const counts = { toolCalls: 0, turns: 1, responseTokens: 0 };
  const result = reward({ response: prediction, modelText: prediction, groundTruth: gold, ...counts });
  const extracted = result.prediction ?? null;
  const { status, reason } = result.verdict ?? {
    status: result.correct ? "correct" : "wrong",
    reason: result.correct ? "equal under the rule" : `"${extracted}" is not "${readGold(gold)}" under the rule`,
  };
  return { verdict: status, reason: extracted === null ? "no answer found" : reason, extracted, score: result.correct ? 1 : -1 };
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
  return textLines(createReadStream(file, "utf8"));
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
    ({ value } = parseExactJson(text));
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
