import { agentOptions, gradeGroup, type Environment } from "@retool-ts/evaluate";
import { runAgent, withListener } from "@retool-ts/rollout";
import { toRecord } from "@retool-ts/runs/records";
import type { FollowedAnswer, Question } from "../protocol.js";
import type { Policy } from "./open-policy.js";

/** As the paper evaluates. */
export const EVALUATION_SAMPLING = { temperature: 1, topP: 0.7, topK: 0 };

/** Told of an answer's text as it comes. */
export type OnPart = (kind: "model" | "tool", text: string) => void;

/** One answer of the current weights. Equal weights give the same answer to a question: what differs between steps is the policy's doing. */
export async function answerQuestion(
  policy: Policy,
  environment: Environment,
  { question, step, onPart }: { readonly question: Question; readonly step: number; readonly onPart: OnPart },
): Promise<FollowedAnswer> {
  const { engine, tokenizer, unusedTokenIds, eosTokenIds } = policy;
  const problem = { id: question.text, question: question.text, answer: question.answer ?? "", source: "playground" };
  const promptIds = environment.encodePrompt(question.text, problem);
  const sampler = await engine.sampler({
    maxSequences: 1,
    maxLength: Math.min(engine.model.maxPositions, promptIds.length + environment.budgets.maxResponseTokens + 1),
    vocabSize: tokenizer.vocabSize,
    unusedTokenIds,
    textStream: () => tokenizer.streamDecoder(),
  });
  try {
    const stream = tokenizer.streamDecoder();
    const told = withListener(sampler, {
      onToken: (id) => !eosTokenIds.includes(id) && onPart("model", stream.push(id)),
      onExtend: (ids) => onPart("tool", stream.flush() + tokenizer.decode(ids)),
    });
    const options = agentOptions(environment, policy, { seed: 1, sampling: EVALUATION_SAMPLING });
    const key = { step: 0, problemId: problem.id, sampleIndex: 0 };
    const trajectory = await runAgent(sampler.open(promptIds), promptIds, key, { ...options, sampler: told });
    const [reward] = await gradeGroup(problem, [trajectory], { reward: environment.reward, tokenizer, eosTokenIds });
    const phase = step === 0 ? "Before training" : "While training";
    return { step, record: toRecord({ trajectory, problem, reward: reward! }, { phase, step }), isGraded: question.answer !== undefined };
  } finally {
    sampler.dispose();
  }
}
