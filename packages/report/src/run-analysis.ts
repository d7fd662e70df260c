import {
  classifyCode,
  selfCorrections,
  toolUseMeasures,
  type AnalyzedRollout,
  type CodePurpose,
  type SelfCorrection,
  type ToolUseMeasures,
} from "@retool-ts/rollout";
import { blocksOf, type TrajectoryRecord } from "@retool-ts/runs";

/** Tool use in the rollouts of one phase at one step. */
export interface AnalyzedStep {
  readonly phase: string;
  readonly step: number;
  readonly measures: ToolUseMeasures;
  /** Calls by what their code is for. */
  readonly purposes: Readonly<Partial<Record<CodePurpose, number>>>;
}

/** A rollout in which the model put failing code right. */
export interface CorrectionCase extends SelfCorrection {
  readonly record: TrajectoryRecord;
}

/** Rollouts of one problem at several checkpoints, by step. */
export interface ProblemHistory {
  readonly problemId: string;
  readonly records: readonly TrajectoryRecord[];
}

/** The paper's analysis of a run, over all rollouts that it kept. */
export interface RunAnalysis {
  /** By step, evaluations after training at the same step. */
  readonly steps: readonly AnalyzedStep[];
  /** Some of the self-corrections, and how many there were in all. */
  readonly corrections: readonly CorrectionCase[];
  readonly correctionCount: number;
  /** Problems that were rolled out at the most steps. */
  readonly histories: readonly ProblemHistory[];
}

/** Phase of rollouts that `retool report --checkpoints` samples. */
export const CHECKPOINT_PHASE = "checkpoint";

const MOST_CORRECTIONS = 12;
const MOST_HISTORIES = 3;

interface Collected {
  readonly phase: string;
  readonly step: number;
  readonly rollouts: AnalyzedRollout[];
  readonly purposes: Partial<Record<CodePurpose, number>>;
}

/** Takes in rollouts one by one and keeps as little of each as the analysis needs. */
export class AnalysisCollector {
  readonly #steps = new Map<string, Collected>();
  readonly #corrections: CorrectionCase[] = [];
  #correctionCount = 0;
  readonly #histories = new Map<string, Map<number, TrajectoryRecord>>();
  readonly #purposeOf: PurposeOf;

  /** @param purposeOf - says what code is for; undefined leaves it to the rules. */
  constructor(purposeOf: PurposeOf = () => undefined) {
    this.#purposeOf = purposeOf;
  }

  add(record: TrajectoryRecord): void {
    const { phase, step, correct, promptTokens, responseTokens, toolCalls } = record;
    if (phase !== "train") this.#addHistory(record);
    if (phase === CHECKPOINT_PHASE) return;
    const key = `${phase} ${step}`;
    const collected: Collected = this.#steps.get(key) ?? { phase, step, rollouts: [], purposes: {} };
    this.#steps.set(key, collected);
    const calls = toolCalls.map(({ input, status, start }) => ({ input, status, start }));
    collected.rollouts.push({ correct, promptTokens, responseTokens, toolCalls: calls });
    for (const purpose of purposesOf(record, this.#purposeOf)) collected.purposes[purpose] = (collected.purposes[purpose] ?? 0) + 1;
    const cases = selfCorrections(record);
    this.#correctionCount += cases.length;
    for (const found of cases) keepCorrection(this.#corrections, { ...found, record });
  }

  #addHistory(record: TrajectoryRecord): void {
    if (record.sampleIndex !== 0) return;
    const history = this.#histories.get(record.problemId) ?? new Map<number, TrajectoryRecord>();
    this.#histories.set(record.problemId, history);
    if (!history.has(record.step) || record.phase !== CHECKPOINT_PHASE) history.set(record.step, record);
  }

  finish(): RunAnalysis {
    const steps = [...this.#steps.values()]
      .map(({ phase, step, rollouts, purposes }) => ({ phase, step, purposes, measures: toolUseMeasures(rollouts) }))
      .sort((a, b) => a.step - b.step || Number(b.phase === "train") - Number(a.phase === "train"));
    const histories = [...this.#histories]
      .map(([problemId, records]) => ({ problemId, records: [...records.values()].sort((a, b) => a.step - b.step) }))
      .filter(({ records }) => records.length > 2);
    return {
      steps,
      corrections: this.#corrections,
      correctionCount: this.#correctionCount,
      histories: histories.sort((a, b) => b.records.length - a.records.length || interest(b) - interest(a)).slice(0, MOST_HISTORIES),
    };
  }
}

/** Code to be labelled, and what the policy wrote before it. */
export interface LabelRequest {
  readonly code: string;
  readonly context: string;
}

/** Names what code is for, or leaves it open. */
export type PurposeOf = (call: LabelRequest) => CodePurpose | undefined;

/** Purpose of the code of each call, judged with the text before it. */
export function purposesOf(
  record: Pick<TrajectoryRecord, "segments" | "toolCalls">,
  purposeOf: PurposeOf = () => undefined,
): CodePurpose[] {
  return callsWithContext(record).map((call) => purposeOf(call) ?? classifyCode(call.code, call.context).purpose);
}

/** The code of each call, and the text before it. */
export function callsWithContext(record: Pick<TrajectoryRecord, "segments" | "toolCalls">): LabelRequest[] {
  const contexts: string[] = [];
  let context = "";
  for (const { kind, text } of blocksOf(record)) {
    if (kind === "reasoning") context = text;
    if (kind === "code") {
      contexts.push(context);
      context = "";
    }
  }
  return record.toolCalls.map(({ input }, call) => ({ code: input, context: contexts[call] ?? "" }));
}

/** Keeps those with the longest code, in which there is something to see; the first of equal ones. */
function keepCorrection(kept: CorrectionCase[], found: CorrectionCase): void {
  const size = ({ record, failed, corrected }: CorrectionCase) =>
    record.toolCalls[failed]!.input.length + record.toolCalls[corrected]!.input.length;
  const place = kept.findIndex((other) => size(other) < size(found));
  kept.splice(place < 0 ? kept.length : place, 0, found);
  if (kept.length > MOST_CORRECTIONS) kept.pop();
}

/** Problems that the model learned to solve tell most. */
function interest({ records }: ProblemHistory): number {
  return Number(!records[0]!.correct && records.at(-1)!.correct);
}
