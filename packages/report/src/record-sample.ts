import { uniformAt, streamKey } from "@retool-ts/core";
import type { TrajectoryRecord } from "@retool-ts/runs";

/** Rollouts kept for each phase and verdict, and problems kept for each phase. */
const PER_VERDICT = 40;
const PROBLEMS_PER_PHASE = 400;

/** Two rollouts of one problem. */
export interface RecordPair {
  readonly before: TrajectoryRecord;
  readonly after: TrajectoryRecord;
}

interface Ranked {
  readonly rank: number;
  readonly record: TrajectoryRecord;
}

/**
 * Chooses rollouts to show out of any number, always the same ones. A problem has one rank wherever it occurs, so that the problems
 * chosen in one phase are the ones chosen in another.
 */
export class RecordSample {
  readonly #byVerdict = new Map<string, Ranked[]>();
  readonly #byProblem = new Map<string, Ranked[]>();
  readonly #counts = new Map<string, number>();

  add(record: TrajectoryRecord): void {
    const { phase, correct, problemId, sampleIndex, step } = record;
    this.#counts.set(phase, (this.#counts.get(phase) ?? 0) + 1);
    const rank = uniformAt(streamKey(0, [problemId]), 0);
    const ownRank = uniformAt(streamKey(0, [problemId, step, sampleIndex]), 0);
    keep(this.#byVerdict, `${phase} ${correct}`, { rank: ownRank, record }, PER_VERDICT);
    if (sampleIndex === 0) keep(this.#byProblem, phase, { rank, record }, PROBLEMS_PER_PHASE);
  }

  /** Number of rollouts that were offered, by phase. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Rollouts to show: right and wrong ones of every phase in turn, so that a prefix has some of each. */
  records(): TrajectoryRecord[] {
    const lists = [...this.#byVerdict.values()];
    return Array.from({ length: PER_VERDICT }, (_, i) => lists.flatMap((list) => (list[i] === undefined ? [] : [list[i].record]))).flat();
  }

  /** The same problem in two phases: first those that went from wrong to right, then the other way, then those that stayed right, then the rest. */
  pairs(before: string, after: string): RecordPair[] {
    const later = new Map(this.#byProblem.get(after)?.map(({ record }) => [record.problemId, record]));
    const pairs = (this.#byProblem.get(before) ?? []).flatMap(({ record }) => {
      const match = later.get(record.problemId);
      return match === undefined ? [] : [{ before: record, after: match }];
    });
    const interest = ({ before: a, after: b }: RecordPair) => (a.correct === b.correct ? (a.correct ? 2 : 3) : a.correct ? 1 : 0);
    return pairs.sort((a, b) => interest(a) - interest(b));
  }
}

/** Keeps the lowest ranks of a list, in order. */
function keep(lists: Map<string, Ranked[]>, key: string, entry: Ranked, limit: number): void {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  if (list.length === limit && entry.rank >= list.at(-1)!.rank) return;
  const place = list.findIndex(({ rank }) => rank > entry.rank);
  list.splice(place < 0 ? list.length : place, 0, entry);
  if (list.length > limit) list.pop();
}
