import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { InputError, parseExactJson } from "@retool-ts/core";
import { textLines } from "@retool-ts/data";
import {
  ANSWER_SOURCES,
  outcomeReward,
  readGold,
  REWARD_RULES,
  type RewardRule,
  type AnswerSource,
  type OutcomeRule,
  type RewardResult,
} from "@retool-ts/reward";
import { z } from "zod";
import type { CliContext } from "../shell/cli-context.js";
import { inputName, STANDARD_INPUT } from "../shell/standard-input.js";

/** Options of `outcomeReward`, under their names there. */
export interface GradeOptions {
  readonly rule: OutcomeRule;
  /** Absent: as a reward looks for the answer, and if none is stated in all other places, so that bare answers are graded too. */
  readonly sources?: readonly AnswerSource[];
  readonly strict?: boolean;
  readonly allowThousandsSeparators?: boolean;
}

export interface VerifyOptions extends GradeOptions {
  readonly json: boolean;
}

/** Fields that are added to a row. */
export interface Verified {
  readonly verdict: "correct" | "wrong" | "unparsableGold" | "unparsablePrediction" | "undecided";
  readonly reason: string;
  /** The answer that was compared; null when none was found. */
  readonly extracted: string | null;
  readonly score: number;
  /** The prediction states its answer where a reward looks for it; without that, training pays it as a wrong one. */
  readonly stated: boolean;
}

const Row = z.looseObject({ gold: z.string(), prediction: z.string() });

/** Grades one prediction, which may be a bare answer or a whole response. */
export type Verifier = (gold: string, prediction: string) => Verified;

/** A function that grades as training does, with the reward of that rule. */
export function createVerifier({ rule, ...options }: GradeOptions): Verifier {
  const reward = outcomeReward({ rule, ...options });
  const anywhere =
    rule === "equivalence" && options.sources === undefined ? outcomeReward({ rule, ...options, sources: ANSWER_SOURCES }) : undefined;
  return (groundTruth, response) => {
    const sample = { response, modelText: response, groundTruth, toolCalls: 0, turns: 1, responseTokens: 0 };
    const graded = reward(sample);
    const stated = graded.prediction !== undefined;
    return { ...verified(groundTruth, stated || anywhere === undefined ? graded : anywhere(sample)), stated };
  };
}

function verified(gold: string, { verdict, prediction, correct, score }: RewardResult): Omit<Verified, "stated"> {
  const extracted = prediction ?? null;
  if (verdict !== undefined) return { verdict: verdict.status, reason: verdict.reason, extracted, score };
  const reason =
    extracted === null ? "no answer found" : correct ? "equal under the rule" : `"${extracted}" is not "${readGold(gold)}" under the rule`;
  return { verdict: correct ? "correct" : "wrong", reason, extracted, score };
}

/** @throws InputError for an option that the rule does not heed. */
function checkHeeded({ rule, sources, strict = false, allowThousandsSeparators = false }: GradeOptions): void {
  const given = { sources: sources !== undefined, strict, allowThousandsSeparators };
  const { options }: RewardRule = REWARD_RULES[rule];
  const ignored = (Object.keys(given) as (keyof typeof given)[]).find((name) => given[name] && !options.includes(name));
  if (ignored === undefined) return;
  throw new InputError({
    what: "verify",
    where: `--rule ${rule}`,
    expected: options.length === 0 ? "no further option" : `no other option than ${options.join(", ")}`,
    found: ignored,
    fix: "leave it out, or choose another rule",
  });
}

/** Grades every row `{gold, prediction}` of a JSONL file; prints the rows with verdicts, or counts. */
export async function verifyFile(file: string, { json, ...options }: VerifyOptions, context: CliContext): Promise<void> {
  const { print, reporter, signal } = context;
  checkHeeded(options);
  const verify = createVerifier(options);
  const name = inputName(file);
  let unstated = 0;
  const counts = new Map<Verified["verdict"], number>();
  let line = 0;
  for await (const text of await openLines(file)) {
    signal.throwIfAborted();
    line++;
    if (text.trim() === "") continue;
    const row = parseRow(text, `${name}: line ${line}`);
    const verified = verify(row.gold, row.prediction);
    if (!verified.stated) unstated++;
    counts.set(verified.verdict, (counts.get(verified.verdict) ?? 0) + 1);
    if (json) print(JSON.stringify({ ...row, ...verified }));
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0)
    throw new InputError({ what: "verify", where: name, expected: "at least one row", found: "none", fix: "name a file with rows" });
  const rows = [...counts].map(([verdict, count]) => [verdict, String(count), `${((100 * count) / total).toFixed(1)} %`]);
  if (json) reporter.say(rows.map(([verdict, count]) => `${verdict} ${count}`).join(", "));
  else for (const row of rows) print(row.join("  "));
  if (options.rule !== "equivalence" || options.sources !== undefined || unstated === 0) return;
  reporter.say(`${unstated} of ${total} state no answer in a box, a tag or behind “the answer is”: training pays these as wrong ones`);
}

async function openLines(file: string): Promise<AsyncIterable<string>> {
  if (file === STANDARD_INPUT) return textLines(process.stdin.setEncoding("utf8"));
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
