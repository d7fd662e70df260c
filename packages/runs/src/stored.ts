import { InputError } from "@retool-ts/core";
import { z } from "zod";
import type { Summary } from "./summary.js";
import type { TrajectoryRecord } from "./trajectory-record.js";

const number = z.number();
const Accuracy = z.looseObject({ n: number, accuracy: number });
const Phase = z.looseObject({
  n: number,
  accuracy: number,
  ci95: z.tuple([number, number]),
  codeRatio: number,
  codePassRate: number.nullable(),
  meanTurns: number,
  meanTokens: number,
  families: z.record(z.string(), Accuracy).exactOptional(),
  levels: z.record(z.string(), Accuracy).exactOptional(),
});

/** What a reader of `summary.json` relies on. */
const StoredSummary = z.looseObject({
  seed: number,
  backend: z.string(),
  seconds: number,
  peakRssBytes: number,
  model: z.looseObject({ parameters: number }),
  phases: z.record(z.string(), Phase),
});

const Call = z.looseObject({
  tool: z.string(),
  result: z.string(),
  status: z.string(),
  start: number,
});

/** What a reader of a rollout relies on. */
const StoredRecord = z.looseObject({
  phase: z.string(),
  step: number,
  problemId: z.string(),
  sampleIndex: number,
  question: z.string(),
  groundTruth: z.string(),
  family: z.string().exactOptional(),
  level: number.exactOptional(),
  score: number.nullable(),
  correct: z.boolean(),
  prediction: z.string().exactOptional(),
  parts: z.record(z.string(), number.nullable()),
  advantage: number.nullable().exactOptional(),
  stopReason: z.string(),
  turns: number,
  promptTokens: number,
  responseTokens: number,
  segments: z.array(z.looseObject({ kind: z.enum(["prompt", "model", "tool"]), text: z.string(), tokens: number })),
  toolCalls: z.array(Call),
});

const Fields = z.record(z.string(), z.unknown());
const Line = z.record(z.string(), z.union([z.number(), z.string(), z.null()]));

/** Files of a run folder are read by other versions and come from elsewhere, so their types are checked. */
const KINDS = { summary: StoredSummary, manifest: Fields, record: StoredRecord, line: Line } as const;

/** The value as what a file should hold, or the first thing that is wrong with it. */
export function storedProblem(kind: keyof typeof KINDS, value: unknown): string | undefined {
  const parsed = KINDS[kind].safeParse(value);
  if (parsed.success) return undefined;
  const { path, message } = parsed.error.issues[0]!;
  return [path.join("."), message].filter((part) => part !== "").join(": ");
}

/** @throws InputError when `summary.json` is none. */
export function checkSummary(value: unknown, where: string): Summary | undefined {
  return value === undefined ? undefined : (checked("summary", "the summary of a run", value, where) as Summary);
}

/** @throws InputError when `manifest.json` is none. */
export function checkManifest(value: unknown, where: string): Readonly<Record<string, unknown>> | undefined {
  return value === undefined
    ? undefined
    : (checked("manifest", "the facts of a run by name", value, where) as Readonly<Record<string, unknown>>);
}

/** @throws Error when a line of a trajectories file is no rollout. */
export function checkRecord(value: unknown): TrajectoryRecord {
  const problem = storedProblem("record", value);
  if (problem !== undefined) throw new Error(`an object that is not a rollout (${problem})`);
  return value as TrajectoryRecord;
}

function checked(kind: keyof typeof KINDS, expected: string, value: unknown, where: string): unknown {
  const problem = storedProblem(kind, value);
  if (problem === undefined) return value;
  throw new InputError({ what: "run folder", where, expected, found: problem, fix: "remove the file, or name a folder that a run wrote" });
}
