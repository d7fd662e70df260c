import { RetoolError } from "@retool-ts/core";
import type { TrainContext } from "../train-context.js";
import type { TrainConfig } from "../train-config.js";
import type { GroupedRollout, Sample } from "./sample.js";

/** What `sdpo` tells the policy of an attempt. */
export type FeedbackOptions = TrainConfig["feedback"];

/** A question with what is told of an attempt at it, as in the paper of SDPO (https://arxiv.org/abs/2601.20802). */
export function toldQuestion(
  question: string,
  { solution, errors }: { readonly solution?: string; readonly errors: readonly string[] },
): string {
  return [
    question,
    ...(solution === undefined ? [] : ["Correct solution:", solution]),
    ...(errors.length === 0 ? [] : ["The following is feedback from your unsuccessful earlier attempt:", errors.join("\n")]),
    "Correctly solve the original question.",
  ].join("\n\n");
}

/**
 * log π of each response's tokens by the policy itself when it is told what came of them: the errors of its calls, if it was wrong, and
 * another response of its group that was right. Undefined where there is nothing to tell, and where question and response together would
 * not fit the model.
 */
export async function toldLogProbs<Closure>(
  { policy, environment, config }: TrainContext<Closure>,
  samples: readonly Sample[],
): Promise<(Float32Array | undefined)[]> {
  if (environment.rollOut !== undefined) {
    throw new RetoolError("ADVANTAGE", "sdpo: expected prompts that the environment makes of questions, got an agent that makes its own");
  }
  const { maxPositions } = policy.engine.model;
  const rows = samples.map(({ rollout }) => {
    const told = feedbackOf(rollout, samples, config.feedback);
    if (told === undefined) return undefined;
    const { problem, trajectory } = rollout;
    const prompt = environment.encodePrompt(toldQuestion(problem.question, told), problem);
    const row = withPrompt(trajectory, prompt);
    return row.tokenIds.length > maxPositions ? undefined : { row, prompt };
  });
  const asked = rows.flatMap((each) => (each === undefined ? [] : [each.row]));
  const { temperature } = config.sampling;
  const scored = asked.length === 0 ? [] : await policy.engine.logProbs(asked, { temperature });
  let next = 0;
  return rows.map((each, i) => {
    if (each === undefined) return undefined;
    const { promptLength, tokenIds } = samples[i]!.rollout.trajectory;
    const aligned = new Float32Array(tokenIds.length);
    aligned.set(scored[next++]!.subarray(each.prompt.length), promptLength);
    return aligned;
  });
}

function feedbackOf(rollout: GroupedRollout, samples: readonly Sample[], { solutions, errors }: FeedbackOptions) {
  const right = solutions ? samples.find(({ rollout: other }) => other !== rollout && other.group === rollout.group && other.reward.correct) : undefined; // prettier-ignore
  const failed = errors && !rollout.reward.correct ? rollout.trajectory.toolCalls.filter(({ status }) => status !== "ok") : [];
  if (right === undefined && failed.length === 0) return undefined;
  const told = { errors: failed.map(({ result }) => result) };
  return right === undefined ? told : { ...told, solution: responseText(right.rollout) };
}

function responseText({ trajectory: { segments } }: GroupedRollout): string {
  return segments.map(({ kind, text }) => (kind === "prompt" ? "" : text)).join("");
}

/** A response behind another prompt. */
function withPrompt({ tokenIds, lossMask, promptLength }: GroupedRollout["trajectory"], prompt: readonly number[]) {
  return {
    tokenIds: Int32Array.from([...prompt, ...tokenIds.subarray(promptLength)]),
    lossMask: Uint8Array.from([...prompt.map(() => 0), ...lossMask.subarray(promptLength)]),
  };
}
