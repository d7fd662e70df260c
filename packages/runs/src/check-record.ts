import { z } from "zod";
import type { Summary } from "./summary.js";
import type { TrajectoryRecord } from "./trajectory-record.js";

/** Fields that showing a rollout needs. What JSON could not hold, such as NaN, was written as null. */
const Trajectory = z.looseObject({
  phase: z.string(),
  step: z.number(),
  problemId: z.string(),
  sampleIndex: z.number(),
  question: z.string(),
  groundTruth: z.string(),
  family: z.string().nullish(),
  level: z.number().nullish(),
  score: z.number().nullable(),
  correct: z.boolean(),
  prediction: z.string().nullish(),
  parts: z.record(z.string(), z.number().nullable()),
  advantage: z.number().nullish(),
  stopReason: z.string(),
  turns: z.number(),
  promptTokens: z.number(),
  responseTokens: z.number(),
  segments: z.array(z.looseObject({ kind: z.enum(["prompt", "model", "tool"]), text: z.string(), tokens: z.number() })),
  tokens: z.looseObject({ ids: z.array(z.int().min(0)), logProbs: z.array(z.number()) }).nullish(),
  columns: z.record(z.string(), z.unknown()).nullish(),
  toolCalls: z.array(z.looseObject({ tool: z.string(), input: z.string(), result: z.string(), status: z.string(), start: z.number() })),
});

const Groups = z.record(z.string(), z.looseObject({ n: z.number(), accuracy: z.number() })).nullish();

const RunSummary = z.looseObject({
  seed: z.number(),
  backend: z.string(),
  seconds: z.number(),
  peakRssBytes: z.number(),
  model: z.looseObject({ parameters: z.number().nullable() }),
  phases: z.record(
    z.string(),
    z.looseObject({
      n: z.number(),
      accuracy: z.number(),
      ci95: z.tuple([z.number().nullable(), z.number().nullable()]),
      codeRatio: z.number(),
      codePassRate: z.number().nullable(),
      meanTurns: z.number(),
      meanTokens: z.number(),
      families: Groups,
      levels: Groups,
      digits: Groups,
    }),
  ),
});

/**
 * Checks what a line of a trajectories file holds, which may come from anywhere. Optional fields that are null are left out, scores that are null
 * are no numbers.
 *
 * @throws Error that names the field, what it should be and what it is.
 */
export function checkTrajectory(row: unknown): TrajectoryRecord {
  const record = checked(Trajectory, row);
  const parts = Object.entries(record.parts);
  const hasNull = Object.values(record).includes(null) || parts.some(([, value]) => value === null);
  if (!hasNull) return record as unknown as TrajectoryRecord;
  const rest = Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
  const numbers = {
    score: record.score ?? Number.NaN,
    parts: Object.fromEntries(parts.map(([name, value]) => [name, value ?? Number.NaN])),
  };
  return { ...rest, ...numbers } as unknown as TrajectoryRecord;
}

/**
 * Checks a `summary.json`, which may come from anywhere.
 *
 * @throws Error that names the field, what it should be and what it is.
 */
export function checkSummary(value: unknown): Summary {
  return checked(RunSummary, value) as unknown as Summary;
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const { success, error } = schema.safeParse(value);
  if (success) return value as T; // itself, so that the order of its fields stays
  const { path, message } = error.issues[0]!;
  const found: unknown = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const expected = message.replace(/^Invalid \w+: /, "").replace(/, received .*/, "");
  throw new Error(
    `${path.length === 0 ? "" : `${path.join(".")}: `}${expected}, found ${(JSON.stringify(found) ?? "nothing").slice(0, 40)}`,
  );
}
