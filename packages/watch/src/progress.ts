import type { LogRecord } from "@retool-ts/runs";

/** What a run is doing, as its folder tells it. */
export type RunState = "running" | "finished" | "stopped";

/** How far a run is within its phase. */
export interface Progress {
  readonly phase: string;
  readonly done: number;
  /** Undefined where the config does not tell. */
  readonly total: number | undefined;
  /** Until the phase's last step, by the pace of the last steps; undefined for a run that does not go on. */
  readonly secondsLeft: number | undefined;
}

/** Steps that the pace is taken from. */
const PACE_STEPS = 20;

/** Progress of a run, as its newest record tells it; nothing before the first. */
export function progressOf(records: readonly LogRecord[], config: unknown, state: RunState): Progress | undefined {
  const last = records.at(-1);
  const phase = last?.["phase"];
  if (last === undefined || typeof phase !== "string") return undefined;
  const own = last[`${phase}/step`] ?? last["step"];
  const done = typeof own === "number" ? own : records.length;
  const total = totalOf(phase, config);
  const times = records.slice(-PACE_STEPS).flatMap((record) => {
    const seconds = record["time/step"];
    return record["phase"] === phase && typeof seconds === "number" && Number.isFinite(seconds) ? [seconds] : [];
  });
  const pace = times.reduce((sum, seconds) => sum + seconds, 0) / times.length;
  const canTell = state === "running" && total !== undefined && times.length > 0;
  return { phase, done, total, secondsLeft: canTell ? Math.max(0, total - done) * pace : undefined };
}

/** Steps of a phase by the config. Supervised stages may end earlier, at their accuracy. */
function totalOf(phase: string, config: unknown): number | undefined {
  const part = (value: unknown, key: string): unknown =>
    typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
  const steps = (value: unknown): number | undefined => {
    const count = part(value, "steps");
    return typeof count === "number" && Number.isFinite(count) ? count : undefined;
  };
  if (phase !== "sft") return steps(part(config, "train"));
  const stages = part(part(config, "sft"), "stages");
  if (!Array.isArray(stages)) return undefined;
  const counts = stages.map(steps);
  return counts.includes(undefined) ? undefined : counts.reduce<number>((sum, count) => sum + count!, 0);
}
