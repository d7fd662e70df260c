import { aggregateLoss, clippedSurrogateLoss, groupAdvantages } from "@retool-ts/algorithms";
import { RandomStream } from "@retool-ts/core";
import { createTokenizer, encodeSegments, TINY_SPLIT, trainBpe, type TextSegment } from "@retool-ts/data";
import { countTargets, LocalEngine, modelConfigFromHuggingFace, Parameters, useBackend, type TokenLoss } from "@retool-ts/policy";
import { DEFAULT_BUDGETS, defineTool, modelText, rolloutBatch, xmlDialect, type Trajectory } from "@retool-ts/rollout";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";

const KEYS = [..."abcdefgh"];
const PRICE = 0.3;

/** A store of eight digits, one of which the prompt shows, and the key that is asked for: every other time the same. */
function makeProblem(split: string, index: number) {
  const random = new RandomStream(1, ["lookup", split, index]);
  const store = Object.fromEntries(KEYS.map((key) => [key, random.integer(0, 9)]));
  const [asked, shown] = [random.pick(KEYS), random.uniform() < 0.5];
  const hint = shown ? asked : random.pick(KEYS.filter((key) => key !== asked));
  const [prompt, answer] = [`${hint}=${store[hint]!};?${asked}\n`, `${asked}=${store[asked]!}`];
  return { id: `${split}-${index}`, store, asked, shown, prompt, answer };
}
type Problem = ReturnType<typeof makeProblem>;
const problems = (split: string, first: number, count: number) => Array.from({ length: count }, (_, i) => makeProblem(split, first + i));

/** The tool: reads one key of a problem's store, once a rollout. */
const lookup = (stores: ReadonlyMap<string, Problem["store"]>) =>
  defineTool({
    name: "lookup",
    description: "Reads one key of the store. One call a question.",
    input: z.strictObject({ key: z.string() }),
    execute: async ({ key }, { problemId, callIndex }) => {
      if (callIndex > 0) return { text: "no credit", status: "error" };
      return { text: String(stores.get(problemId)![key] ?? "no such key"), status: "ok" };
    },
  });

/** The reward is 1 for the right value, less the price of each call. */
const isRight = (rollout: Trajectory, { answer }: Problem) => modelText(rollout).endsWith(`<answer>${answer}</answer>`);

/** A cold-start trace. Half of them look up without need, or guess where they should look up. */
function trace({ prompt, store, asked, shown, answer }: Problem, random: RandomStream): TextSegment[] {
  const say = (text: string): TextSegment => ({ kind: "model", text });
  const start: TextSegment = { kind: "prompt", text: prompt };
  if (random.uniform() < 0.5) return [start, say(`<answer>${shown ? answer : `${asked}=${random.integer(0, 9)}`}</answer>`)];
  const result: TextSegment = { kind: "tool", text: `<result>${store[asked]!}</result>`, trusted: true };
  return [start, say(`<lookup>{"key":"${asked}"}</lookup>`), result, say(`<answer>${answer}</answer>`)];
}

/** The mean over all policy tokens of a step. */
const mean = (losses: tf.Tensor1D, normalizer: number) => aggregateLoss(losses, tf.onesLike(losses), { mode: "token-mean", normalizer });

/** Cold start, then GRPO; how often held-out problems are right and looked up, before and after it. */
export async function learnToLookUp(sftSteps: number, rlSteps: number) {
  await useBackend("wasm");
  const traces = problems("text", 0, 300).flatMap((problem) => trace(problem, new RandomStream(1, [problem.id])));
  const addedTokens = ["lookup", "result", "answer"].flatMap((tag) => [`<${tag}>`, `</${tag}>`]);
  const tokenizer = createTokenizer(
    trainBpe(
      traces.map(({ text }) => text),
      { vocabSize: 300, splitPattern: TINY_SPLIT, specialTokens: [], addedTokens },
    ),
  );
  const { vocabSize } = tokenizer;
  const size = { hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2, num_attention_heads: 8, max_position_embeddings: 64 };
  const config = modelConfigFromHuggingFace({ model_type: "qwen3", vocab_size: vocabSize, rope_theta: 100, ...size });
  const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.4 });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 };
  const engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 8_192 });

  const rollOut = async (asked: readonly Problem[], step: number, samples: number) => {
    const textStream = () => tokenizer.streamDecoder();
    const sampler = engine.createSampler({ maxSequences: asked.length * samples, maxLength: 48, vocabSize, textStream });
    const dialect = xmlDialect({ toolTags: { lookup: "lookup" }, resultOpen: "<result>", resultClose: "</result>" });
    const tools = [lookup(new Map(asked.map(({ id, store }) => [id, store])))];
    const budgets = { ...DEFAULT_BUDGETS, maxResponseTokens: 32 };
    const sampling = { temperature: 1, topP: 1, topK: 0 };
    const prompts = asked.map(({ id, prompt }) => ({ problemId: id, promptIds: tokenizer.encode(prompt) }));
    const options = { sampler, samples, step, seed: 1, codec: tokenizer, dialect, tools, budgets, sampling, eosTokenIds: [] };
    const groups = await rolloutBatch(prompts, options).finally(() => sampler.dispose());
    return groups.flatMap((group, i) => group.map((rollout) => ({ rollout, problem: asked[i]! })));
  };
  const measure = async () => {
    const tried = await rollOut(problems("test", 0, 200), 0, 1);
    const share = (some: readonly boolean[]) => some.filter(Boolean).length / some.length;
    const lookups = (shown: boolean) =>
      share(tried.filter(({ problem }) => problem.shown === shown).map(({ rollout }) => rollout.toolCalls.length > 0));
    const right = share(tried.map(({ rollout, problem }) => isRight(rollout, problem)));
    return { right, lookupsWhenShown: lookups(true), lookupsWhenHidden: lookups(false) };
  };

  for (let step = 0; step < sftSteps; step++) {
    const random = new RandomStream(1, ["sft", step]);
    const rows = problems("train", 64 * step, 64).map((problem) => encodeSegments(tokenizer, trace(problem, random)));
    await engine.forwardBackward(rows, { loss: ({ logProbs }) => ({ loss: mean(tf.neg(logProbs), countTargets(rows)) }) });
    await engine.optimStep({ learningRate: 5e-3 * Math.min((step + 1) / 20, 1 - (0.9 * step) / sftSteps) });
  }
  const before = await measure();
  for (let step = 0; step < rlSteps; step++) {
    const rollouts = await rollOut(problems("rl", 16 * step, 16), step, 8);
    const rewards = rollouts.map(({ rollout, problem }) => Number(isRight(rollout, problem)) - PRICE * rollout.toolCalls.length);
    const ids = rollouts.map(({ problem }) => problem.id);
    const advantages = groupAdvantages(rewards, ids, { normalizeByStd: true });
    const rows = rollouts.map(({ rollout: { tokenIds, lossMask, logProbs: old } }, i) => {
      return { tokenIds, lossMask, fields: { old, advantage: new Float32Array(tokenIds.length).fill(advantages[i]!) } };
    });
    const normalizer = countTargets(rows);
    const surrogate: TokenLoss = ({ logProbs, fields }) => {
      const clip = { clipLow: 0.2, clipHigh: 0.28, normalizer };
      const { lossPerToken } = clippedSurrogateLoss(logProbs, fields["old"]!, fields["advantage"]!, tf.onesLike(logProbs), clip);
      return { loss: mean(lossPerToken, normalizer) };
    };
    await engine.forwardBackward(rows, { loss: surrogate });
    await engine.optimStep({ learningRate: 6e-4 });
  }
  return { before, after: await measure() };
}
