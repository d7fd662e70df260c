import type { Agent, AgentScore, AgentTask } from "./agent.js";

/** The end of one agent's work. */
export type AgentOutcome =
  | { readonly status: "scored"; readonly score: AgentScore }
  | { readonly status: "failed"; readonly reason: "threw" | "hung" | "bad score" | "no model call"; readonly message: string }
  | { readonly status: "aborted" };

/** Bounds of one agent's work. */
export interface AgentBounds {
  readonly timeoutMs: number;
  /** Of the run. */
  readonly signal?: AbortSignal | undefined;
}

/** Time that an agent gets to heed its signal, in milliseconds. */
const GRACE_MS = 1_000;

/** Runs an agent once. Whatever it does comes back as a value; one that does not heed its signal is left behind. */
export async function runAgentOnce(
  agent: Agent,
  task: Omit<AgentTask, "signal">,
  { timeoutMs, signal }: AgentBounds,
): Promise<AgentOutcome> {
  const stop = new AbortController();
  const clock = { isLate: false };
  const isStopped = (): boolean => signal?.aborted === true;
  if (isStopped()) return { status: "aborted" };
  let giveUp = (): void => {};
  const left = new Promise<"left">((resolve) => (giveUp = () => resolve("left")));
  let grace: ReturnType<typeof setTimeout> | undefined;
  const end = (reason: unknown): void => {
    stop.abort(reason);
    grace = setTimeout(giveUp, GRACE_MS);
  };
  const late = (): void => {
    clock.isLate = true;
    end(new DOMException(`the rollout took longer than ${timeoutMs} ms`, "TimeoutError"));
  };
  const timer = setTimeout(late, timeoutMs);
  const interrupt = (): void => end(signal!.reason);
  signal?.addEventListener("abort", interrupt, { once: true });
  try {
    const result = await Promise.race([Promise.resolve().then(() => agent({ ...task, signal: stop.signal })), left]);
    if (isStopped()) return { status: "aborted" };
    if (clock.isLate || result === "left") return { status: "failed", reason: "hung", message: `took longer than ${timeoutMs} ms` };
    return readScore(result);
  } catch (error) {
    if (isStopped()) return { status: "aborted" };
    if (clock.isLate) return { status: "failed", reason: "hung", message: `took longer than ${timeoutMs} ms` };
    return { status: "failed", reason: "threw", message: messageOf(error) };
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal?.removeEventListener("abort", interrupt);
  }
}

/** An agent is not ours: what it gives is looked at, each part once, and copied before it can change. */
function readScore(result: unknown): AgentOutcome {
  const given = typeof result === "number" ? { score: result } : result;
  const isObject = typeof given === "object" && given !== null && "score" in given;
  const { score, correct, metrics, info } = (isObject ? given : {}) as Parts;
  const measures = typeof metrics === "object" && metrics !== null ? { ...metrics } : metrics;
  const message = Number.isFinite(score)
    ? wrongPart({ correct, metrics: measures, info })
    : `expected a number or { score }, got ${describe(result)}`;
  if (message !== undefined) return { status: "failed", reason: "bad score", message };
  const parts = { ...(correct !== undefined && { correct }), ...(measures !== undefined && { metrics: measures }) };
  return { status: "scored", score: { score, ...parts, ...(info !== undefined && { info }) } as AgentScore };
}

/** The parts of a score, as they come. */
type Parts = Readonly<Partial<Record<"score" | "correct" | "metrics" | "info", unknown>>>;

/** Says which part beside the score is not what it should be. */
function wrongPart({ correct, metrics, info }: Parts): string | undefined {
  if (correct !== undefined && typeof correct !== "boolean") return `expected true or false as correct, got ${typeof correct}`;
  if (info !== undefined && typeof info !== "string") return `expected text as info, got ${typeof info}`;
  if (metrics === undefined) return undefined;
  if (typeof metrics !== "object" || metrics === null) return `expected an object as metrics, got ${describe(metrics)}`;
  const wrong = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  return wrong && `expected numbers as metrics, got ${describe(wrong[1])} for ${wrong[0].slice(0, 100)}`;
}

/** Anything can be thrown. */
function messageOf(error: unknown): string {
  if (typeof error === "string") return error;
  return error instanceof Error && typeof error.message === "string" ? error.message : "threw what is no error";
}

function describe(value: unknown): string {
  if (typeof value === "number") return String(value); // JSON has no NaN
  try {
    return (JSON.stringify(value) ?? typeof value).slice(0, 100);
  } catch {
    return typeof value;
  }
}
