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
    return { status: "failed", reason: "threw", message: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal?.removeEventListener("abort", interrupt);
  }
}

/** An agent is not ours: what it gives is looked at. */
function readScore(result: unknown): AgentOutcome {
  const score = typeof result === "number" ? { score: result } : result;
  const isScore = typeof score === "object" && score !== null && "score" in score && Number.isFinite(score.score);
  if (!isScore) return { status: "failed", reason: "bad score", message: `expected a number or { score }, got ${describe(result)}` };
  return { status: "scored", score: score as AgentScore };
}

function describe(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text: string | undefined = typeof value === "object" ? JSON.stringify(value) : typeof value;
  return (text ?? "nothing").slice(0, 100);
}
