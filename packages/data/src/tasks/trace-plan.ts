import type { RandomStream } from "@retool-ts/core";
import { breakSnippet } from "./break-snippet.js";
import type { TraceKind } from "./mixtures.js";
import type { TaskInstance } from "./task-family.js";
import type { GeneratedProblem } from "./task-source.js";

/** The outcome that a call must have for the trace to be kept: give the answer, give something else, or fail. */
export type CallOutcome = "answer" | "otherValue" | "failure";

/** One tool call of a planned trace: what the model says before it, and the code. */
export interface PlannedCall {
  readonly remark: string;
  readonly code: string;
  readonly outcome: CallOutcome;
}

/** A trace of which only the interpreter's feedback is missing. */
export interface TracePlan {
  readonly problem: GeneratedProblem;
  readonly kind: TraceKind;
  readonly calls: readonly PlannedCall[];
  /** Text between the last call and the answer: worked steps, or nothing. */
  readonly reasoning: string;
}

export interface TracePlanOptions {
  /** How often the first and shortest snippet of a problem is taken, 0.7 by default; the other styles share the rest. */
  readonly firstStyleShare?: number;
  /** `functions`, the default: snippets with the sandbox's own functions, in several styles; `plain`: loops in the language alone. */
  readonly snippets?: "functions" | "plain";
}

const AFTER_FAILURE = ["oops ", "fix ", "oops fix "];
const AFTER_WRONG = ["wait ", "no ", "wait no "];
const BEFORE_CHECK = ["check ", "again ", ""];

/** Plans a trace; run the code of its `calls` in order and pass what comes back to `finishTrace`. */
export function planTrace(problem: GeneratedProblem, kind: TraceKind, stream: RandomStream, options: TracePlanOptions = {}): TracePlan {
  const { firstStyleShare = 0.7, snippets = "functions" } = options;
  const instance = snippets === "plain" ? withPlainCode(problem.instance) : problem.instance;
  const right = pickStyle(instance.code, firstStyleShare, stream);
  switch (kind) {
    case "clean":
      return { problem, kind, calls: [answering(right)], reasoning: "" };
    case "text":
      return { problem, kind, calls: [], reasoning: instance.steps ?? "" };
    case "places":
    case "checked":
      return { problem, kind, calls: [], reasoning: instance.ways?.[kind] ?? instance.steps ?? "" };
    case "guess":
      return { problem, kind, calls: [], reasoning: "" };
    case "brokenThenFix": {
      const broken: PlannedCall = { remark: "", code: instance.brokenCode(stream), outcome: "failure" };
      return { problem, kind, calls: [broken, answering(right, stream.pick(AFTER_FAILURE))], reasoning: "" };
    }
    case "wrongThenRedo": {
      const wrong: PlannedCall = { remark: "", code: instance.wrongCode(stream), outcome: "otherValue" };
      return { problem, kind, calls: [wrong, answering(right, stream.pick(AFTER_WRONG))], reasoning: "" };
    }
    case "uselessCall": {
      const second = stream.pick([right, problem.answer, pickStyle(instance.code, firstStyleShare, stream)]);
      return { problem, kind, calls: [answering(right), answering(second, stream.pick(BEFORE_CHECK))], reasoning: "" };
    }
  }
}

/** The only style left is the plain one. Wrong code stays as it is; where it needs what the sandbox lacks, its trace is rejected. */
function withPlainCode(instance: TaskInstance): TaskInstance {
  const { plainCode } = instance;
  return { ...instance, code: [plainCode], brokenCode: (stream) => breakSnippet(plainCode, stream) };
}

function answering(code: string, remark = ""): PlannedCall {
  return { remark, code, outcome: "answer" };
}

function pickStyle(code: readonly string[], firstStyleShare: number, stream: RandomStream): string {
  const [first, ...others] = code;
  return others.length === 0 || stream.uniform() < firstStyleShare ? first! : stream.pick(others);
}
