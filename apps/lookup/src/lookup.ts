import { RandomStream } from "@retool-ts/core";
import { createTokenizer, encodeSegments, TINY_SPLIT, trainBpe, type TextSegment } from "@retool-ts/data";
import { gradedRollouts, type Environment, type RolloutReward } from "@retool-ts/evaluate";
import { LocalEngine, modelConfigFromHuggingFace, Parameters, useBackend } from "@retool-ts/policy";
import { DEFAULT_BUDGETS, defineTool, xmlDialect } from "@retool-ts/rollout";
import { sft, train } from "@retool-ts/train";
import { z } from "zod";

const KEYS = [..."abcdefgh"];
const PRICE = 0.3;

/** A store of eight digits, one of which the prompt shows, and the key that is asked for: every other time the same. */
function makeProblem(split: string, index: number) {
  const random = new RandomStream(1, ["lookup", split, index]);
  const store = Object.fromEntries(KEYS.map((key) => [key, random.integer(0, 9)]));
  const [asked, shown] = [random.pick(KEYS), random.uniform() < 0.5];
  const hint = shown ? asked : random.pick(KEYS.filter((key) => key !== asked));
  const [question, answer] = [`${hint}=${store[hint]!};?${asked}\n`, `${asked}=${store[asked]!}`];
  return { id: `${split}-${index}`, question, answer, source: "lookup", columns: { store, asked, shown } };
}
const problems = (split: string, first: number, count: number) => Array.from({ length: count }, (_, i) => makeProblem(split, first + i));

/** The tool: reads one key of a problem's store, once a rollout. */
const lookup = defineTool({
  name: "lookup",
  description: "Reads one key of the store. One call a question.",
  input: z.strictObject({ key: z.string() }),
  execute: async ({ key }, { problem, callIndex }) => {
    if (callIndex > 0) return { text: "no credit", status: "error" };
    return { text: String((problem as ReturnType<typeof makeProblem>).columns.store[key] ?? "no such key"), status: "ok" };
  },
});

/** 1 for the right value, less the price of each call. */
const reward: RolloutReward = ({ modelText, groundTruth, toolCalls }) => {
  const correct = modelText.endsWith(`<answer>${groundTruth}</answer>`);
  return { score: Number(correct) - PRICE * toolCalls, correct, parts: { answer: Number(correct), price: -PRICE * toolCalls } };
};

/** A cold-start trace. Half of them look up without need, or guess where they should look up. */
function trace(split: string, index: number): TextSegment[] {
  const { question, answer, columns: { store, asked, shown } } = makeProblem(split, index); // prettier-ignore
  const random = new RandomStream(1, ["trace", split, index]);
  const say = (text: string): TextSegment => ({ kind: "model", text });
  const start: TextSegment = { kind: "prompt", text: question };
  if (random.uniform() < 0.5) return [start, say(`<answer>${shown ? answer : `${asked}=${random.integer(0, 9)}`}</answer>`)];
  const result: TextSegment = { kind: "tool", text: `<result>${store[asked]!}</result>`, trusted: true };
  return [start, say(`<lookup>{"key":"${asked}"}</lookup>`), result, say(`<answer>${answer}</answer>`)];
}

/** Cold start, then GRPO; how often held-out problems are right and looked up, before and after it. */
export async function learnToLookUp(sftSteps: number, rlSteps: number) {
  await useBackend("wasm");
  const texts = Array.from({ length: 300 }, (_, i) => trace("text", i)).flatMap((segments) => segments.map(({ text }) => text));
  const addedTokens = ["lookup", "result", "answer"].flatMap((tag) => [`<${tag}>`, `</${tag}>`]);
  const tokenizer = createTokenizer(trainBpe(texts, { vocabSize: 300, splitPattern: TINY_SPLIT, specialTokens: [], addedTokens }));
  const size = { hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2, num_attention_heads: 8, max_position_embeddings: 64 };
  const config = modelConfigFromHuggingFace({ model_type: "qwen3", vocab_size: tokenizer.vocabSize, rope_theta: 100, ...size });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 };
  const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.4 });
  const policy = { engine: new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 8_192 }), tokenizer, eosTokenIds: [] };
  const environment: Environment = {
    tools: [lookup],
    dialect: xmlDialect({ toolTags: { lookup: "lookup" }, resultOpen: "<result>", resultClose: "</result>" }),
    budgets: { ...DEFAULT_BUDGETS, maxResponseTokens: 32 },
    encodePrompt: (question) => tokenizer.encode(question),
    reward,
  };
  const measure = async () => {
    const sampling = { temperature: 1, topP: 1, topK: 0 };
    const request = { problems: problems("test", 0, 200), samples: 1, sampling, seed: 1, step: 0 };
    const tried = (await gradedRollouts(policy, environment, request)).flat();
    const share = (some: readonly boolean[]) => some.filter(Boolean).length / some.length;
    const lookups = (shown: boolean) =>
      share(tried.filter(({ problem }) => problem.columns!["shown"] === shown).map(({ trajectory }) => trajectory.toolCalls.length > 0));
    return { right: share(tried.map((one) => one.reward.correct)), lookupsWhenShown: lookups(true), lookupsWhenHidden: lookups(false) };
  };

  let taken = 0;
  const take = async (count: number) => Array.from({ length: count }, () => encodeSegments(tokenizer, trace("train", taken++)));
  const rows = { take, skip: async () => {}, heldOut: async () => [], describe: () => `${taken} traces` };
  const stage = { name: "traces", steps: sftSteps, batchSize: 64, learningRate: { peak: 5e-3, warmupSteps: 20 } };
  await sft({ policy, environment, config: { stages: [stage] }, openRows: () => rows });
  const before = await measure();
  await train({
    policy,
    environment,
    problems: { problem: (index) => makeProblem("rl", index) },
    config: { steps: rlSteps, promptsPerStep: 16, groupSize: 8, learningRate: { peak: 1e-3, kind: "constant" } },
  });
  return { before, after: await measure() };
}
