import { createTaskSource } from "@retool-ts/data";
import type { Environment } from "@retool-ts/evaluate";
import type { ModelFiles } from "@retool-ts/policy";
import { openPolicy, type Policy } from "../session/open-policy.js";
import type { Comparison } from "./choose-engine.js";
import { unlessLost, WEB_ASSEMBLY, type Compute } from "./compute.js";
import { disagreement, trialStep } from "./trial.js";

/** Half as many as in a step, so that nobody waits for long. */
const PROBLEMS = 8;
/** A visitor who did not ask for WebGPU does not wait longer than this for a trial on it. */
const PATIENCE_MS = 15_000;

/** What is tried. */
export interface ComparisonRequest {
  /** The model that each begins with. */
  readonly files: ModelFiles;
  readonly environment: Environment;
  /** To each problem. */
  readonly answers: number;
  /** Wait for WebGPU as long as it takes. */
  readonly isPatient: boolean;
}

/**
 * A trial step on both, each with a policy of its own. Afterwards the caller makes current what it wants to go on with.
 *
 * @throws Error when WebGPU goes away or takes far too long.
 */
export async function compareEngines(webGpu: Compute, { files, environment, answers, isPatient }: ComparisonRequest): Promise<Comparison> {
  const source = createTaskSource({ seed: 1, split: "train" });
  const problems = Array.from({ length: PROBLEMS }, (_, i) => source.problem(i));
  const size = { prompts: problems.map((problem) => environment.encodePrompt(problem.question, problem)), answers };
  const trusted = await withPolicy(files, WEB_ASSEMBLY, (policy) => trialStep(policy, size));
  const signal = isPatient ? undefined : patience();
  const other = await unlessLost(webGpu, () =>
    withPolicy(files, webGpu, (policy) => trialStep(policy, size, { given: trusted.rows, signal })),
  );
  const rescored = await withPolicy(files, WEB_ASSEMBLY, (policy) => policy.engine.logProbs(other.rows));
  return { stepMs: { wasm: trusted.stepMs, webgpu: other.stepMs }, disagreement: disagreement(trusted, other, rescored) };
}

async function withPolicy<Result>(files: ModelFiles, compute: Compute, work: (policy: Policy) => Promise<Result>): Promise<Result> {
  await compute.activate();
  const policy = await openPolicy(files);
  try {
    return await work(policy);
  } finally {
    policy.dispose();
  }
}

function patience(): AbortSignal {
  const over = new AbortController();
  const reason = new Error(`a trial step takes more than ${PATIENCE_MS / 1_000} seconds`);
  setTimeout(() => over.abort(reason), PATIENCE_MS);
  return over.signal;
}
