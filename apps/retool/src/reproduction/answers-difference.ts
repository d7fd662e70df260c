import { existsSync } from "node:fs";
import { mcnemarTest, pairedBootstrap, wilsonInterval, type Interval } from "@retool-ts/evaluate";
import type { RunFolder, TrajectoryRecord } from "@retool-ts/runs";

/** An evaluation's share of right answers among those that both have, with its 95 % interval (Wilson, each answer on its own). */
export interface AnswerShare {
  readonly right: number;
  readonly interval: Interval;
}

/** Two evaluations of the same problems, answer by answer: a pair is one problem and sample. */
export interface AnswersDifference {
  readonly pairs: number;
  /** Answers of either that the other has not. */
  readonly unpaired: number;
  readonly a: AnswerShare;
  readonly b: AnswerShare;
  readonly onlyA: number;
  readonly onlyB: number;
  /** Share of B minus that of A, with its 95 % paired bootstrap interval. */
  readonly difference: number;
  readonly interval: Interval;
  /** McNemar's two-sided p-values. */
  readonly exact: number;
  readonly midP: number;
}

type Answer = Pick<TrajectoryRecord, "problemId" | "question" | "sampleIndex" | "correct">;

/** Compares what two folders of `retool eval` answered; undefined where one of them is another kind of folder, or no problem is shared. */
export async function answersDifference(a: RunFolder, b: RunFolder): Promise<AnswersDifference | undefined> {
  if (![a, b].every((folder) => existsSync(folder.file("evaluation.json")))) return undefined;
  return pairAnswers(await a.readTrajectories("eval"), await b.readTrajectories("eval"));
}

/** Pairs answers to the same question by the same number of the sample; undefined where there is no pair. */
export function pairAnswers(ofA: readonly Answer[], ofB: readonly Answer[]): AnswersDifference | undefined {
  const inB = new Map(ofB.map((answer) => [nameOf(answer), answer.correct]));
  const pairs = ofA.flatMap((answer): [boolean, boolean][] => {
    const other = inB.get(nameOf(answer));
    return other === undefined ? [] : [[answer.correct, other]];
  });
  if (pairs.length === 0) return undefined;
  const [a, b] = [pairs.map(([right]) => right), pairs.map(([, right]) => right)];
  const { onlyA, onlyB, exact, midP } = mcnemarTest(a, b);
  const { difference, interval } = pairedBootstrap(b.map(Number), a.map(Number));
  const unpaired = ofA.length + ofB.length - 2 * pairs.length;
  return { pairs: pairs.length, unpaired, a: shareOf(a), b: shareOf(b), onlyA, onlyB, difference, interval, exact, midP };
}

function nameOf({ problemId, question, sampleIndex }: Answer): string {
  return JSON.stringify([problemId, question, sampleIndex]);
}

function shareOf(answers: readonly boolean[]): AnswerShare {
  const right = answers.filter(Boolean).length / answers.length;
  return { right, interval: wilsonInterval(right, answers.length) };
}
