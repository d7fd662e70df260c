import { InputError } from "@retool-ts/core";
import { z } from "zod";

const count = z.int().nonnegative();

/** The checkpoint that did best on held-out problems along the run. */
const BestCheckpoint = z.strictObject({
  /** Its total steps, which name its folder. */
  step: count,
  accuracy: z.number(),
});

const SftSchema = z.strictObject({
  phase: z.literal("sft"),
  /** Finished steps of all stages and of RL together; names the checkpoint. */
  totalSteps: count,
  /** Index of the stage, its finished steps, and the cold-start rows it has used. */
  stage: count,
  stageStep: count,
  rowsTaken: count,
});
/** Position of supervised training. */
export interface SftState extends Readonly<z.infer<typeof SftSchema>> {}

const RlSchema = z.strictObject({
  phase: z.literal("rl"),
  totalSteps: count,
  /** Finished RL steps. */
  step: count,
  /** Training problems used so far; absent: `promptsPerStep` a step. */
  problemsTaken: count.exactOptional(),
  /** With a curriculum: share of right rollouts by kind of problem, older ones weighing less. */
  successRates: z.record(z.string(), z.number()).exactOptional(),
  /** Finished steps of the critic's pretraining. */
  criticSteps: count.exactOptional(),
  /** The evaluated step with the highest held-out accuracy so far; its checkpoint is never removed. */
  best: BestCheckpoint.exactOptional(),
});
/** Position of reinforcement learning. */
export interface RlState extends Readonly<z.infer<typeof RlSchema>> {}

/** Position of a run. Together with weights and optimizer it decides all that follows. */
export type RunState = SftState | RlState;

/** Beginning of reinforcement learning. */
export const RL_START: RlState = { phase: "rl", totalSteps: 0, step: 0 };

/** Beginning of supervised training. */
export const SFT_START: SftState = { phase: "sft", totalSteps: 0, stage: 0, stageStep: 0, rowsTaken: 0 };

/**
 * The state that a checkpoint holds.
 *
 * @param value - its parsed JSON
 * @param where - the file, for messages
 * @throws InputError when it is damaged, or of a version that keeps other facts.
 */
export function parseState(value: unknown, where: string): RunState {
  const state = z.discriminatedUnion("phase", [SftSchema, RlSchema]).safeParse(value);
  if (state.success) return value as RunState; // with its own order of keys, so that the next one has the same bytes
  const { path, message } = state.error.issues[0]!;
  throw new InputError({
    what: "checkpoint",
    where,
    expected: "the state of a run as this version writes it",
    found: `${path.join(".") || "the state"}: ${message}`,
    fix: "go on with the version that wrote it, or remove the checkpoint's folder to go on from the one before",
  });
}
