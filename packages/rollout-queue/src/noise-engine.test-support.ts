import type { Tokenizer } from "@retool-ts/data";
import type { EngineSampler, SamplerOptions, SamplingEngine, SharedWeights, TurnTokens } from "@retool-ts/engine";
import type { Environment, GradedRollout, SamplingModel } from "@retool-ts/evaluate";
import { DEFAULT_BUDGETS, defineTool, xmlDialect } from "@retool-ts/rollout";
import { z } from "zod";

const CHARACTERS = [..."abcdefghijklmnopqrstuvwxyz0123456789<>/\n "];
const WORDS = ["<code>1</code>", "<answer>a</answer>", "j"];

/** One token a character. */
export const tokenizer = {
  vocabSize: CHARACTERS.length,
  encode: (text: string) => [...text].map((character) => CHARACTERS.indexOf(character)).filter((id) => id >= 0),
  encodeUntrusted: (text: string) => [...text].map((character) => CHARACTERS.indexOf(character)).filter((id) => id >= 0),
  decode: (ids: Iterable<number>) => Array.from(ids, (id) => CHARACTERS[id]).join(""),
  idToToken: (id: number) => CHARACTERS[id],
  streamDecoder: () => ({ push: (id: number) => CHARACTERS[id]! }),
} as unknown as Tokenizer;

/** Decodes that have been asked for, and what they wait for. */
export interface SamplingProbe {
  decodes: number;
  gate?: ((sequence: readonly number[]) => Promise<void>) | undefined;
}

/** Writes, calls a tool or answers, as the random number at the first place of a turn and the weights say. */
export function noiseSampler({ maxSequences, maxLength }: SamplerOptions, weights: SharedWeights, probe: SamplingProbe): EngineSampler {
  const sequences = new Map<number, number[]>();
  let next = 0;
  const open = (ids: readonly number[]): number => {
    sequences.set(next, [...ids]);
    return next++;
  };
  return {
    maxLength,
    get available() {
      return maxSequences - sequences.size;
    },
    open,
    prefill: async () => {},
    fork: (id) => open(sequences.get(id)!),
    extend: (id, ids) => void sequences.get(id)!.push(...ids),
    close: (id) => void sequences.delete(id),
    dispose: () => sequences.clear(),
    async decode(id, { uniform, signal }): Promise<TurnTokens> {
      const sequence = sequences.get(id)!;
      probe.decodes++;
      await probe.gate?.(sequence);
      if (signal?.aborted) return { tokenIds: [], logProbs: [], finish: "aborted" };
      const number = uniform(sequence.length);
      const word = WORDS[Math.floor(number * WORDS.length)]!;
      const text = `${Math.floor(number * 1e6)}${weights["path"]}${word}`;
      const tokenIds = tokenizer.encode(text);
      const logProbs = tokenIds.map((_, i) => Math.fround(-uniform(sequence.length + i)));
      sequence.push(...tokenIds);
      const stopString = ["</code>", "</answer>"].find((end) => text.endsWith(end));
      return { tokenIds, logProbs, finish: "stop", ...(stopString !== undefined && { stopString }) };
    },
  };
}

/** An engine whose weights other processes can sample from. */
export function noiseModel(path: string, probe: SamplingProbe): SamplingModel {
  const engine: SamplingEngine = {
    model: { vocabSize: CHARACTERS.length, maxPositions: 400, cacheBytesPerToken: 1, parameters: 1 },
    sampler: async (options) => noiseSampler(options, { path }, probe),
    weightsDigest: async () => path,
    share: async () => ({ path }),
    logProbs: async () => [],
  };
  return { engine, tokenizer, eosTokenIds: [] };
}

/** An environment with a tool, which tells who has called it. */
export function noiseEnvironment(onCall: (input: string) => void = () => {}): Environment {
  const tool = defineTool({
    name: "code_interpreter",
    description: "adds one",
    input: z.object({ code: z.string() }),
    pure: true,
    async execute({ code }) {
      onCall(code);
      return { text: String(Number(code) + 1), status: "ok" };
    },
  });
  return {
    tools: [tool],
    dialect: xmlDialect(),
    budgets: { ...DEFAULT_BUDGETS, maxTurns: 4, maxResponseTokens: 200 },
    encodePrompt: (question) => tokenizer.encode(question),
    reward: ({ modelText }) => ({ score: modelText.length, correct: true, prediction: undefined, parts: {} }),
    identity: "noise",
  };
}

/** Rollouts without the time that their calls took. */
export function untimed(groups: readonly (readonly GradedRollout[])[]): unknown {
  return groups.map((group) =>
    group.map(({ trajectory: { toolCalls, ...trajectory }, reward }) => ({
      reward,
      trajectory,
      toolCalls: toolCalls.map((call) => ({ ...call, durationMs: 0 })),
    })),
  );
}
