import {
  DEFAULT_BUDGETS,
  rolloutBatch,
  runAgent,
  xmlDialect,
  type AgentOptions,
  type Budgets,
  type RolloutBatchOptions,
  type RolloutPrompt,
  type Trajectory,
} from "../src/index.js";
import { codec, EOS, turn } from "./scripted-codec.js";
import type { ScriptedSampler } from "./scripted-sampler.js";

export const PROMPT = codec.encode("What is 6 * 7?");
export const KEY = { step: 0, problemId: "p", sampleIndex: 0 };

/** Options with nothing left to chance; the clock stands still. */
export function agentOptions(sampler: ScriptedSampler, overrides: Partial<AgentOptions> = {}): AgentOptions {
  return {
    sampler,
    codec,
    dialect: xmlDialect(),
    tools: [],
    budgets: DEFAULT_BUDGETS,
    sampling: { temperature: 1, topP: 1, topK: 0 },
    eosTokenIds: [EOS],
    seed: 1,
    now: () => 0,
    ...overrides,
  };
}

export function budgets(overrides: Partial<Budgets>): Budgets {
  return { ...DEFAULT_BUDGETS, ...overrides };
}

/** Opens a sequence for the prompt, runs one rollout on it and closes it. */
export async function runOne(sampler: ScriptedSampler, overrides: Partial<AgentOptions> = {}): Promise<Trajectory> {
  const sequence = sampler.open(PROMPT);
  try {
    return await runAgent(sequence, PROMPT, KEY, agentOptions(sampler, overrides));
  } finally {
    sampler.close(sequence);
  }
}

/** A turn that calls the interpreter. */
export function call(code: string): number[] {
  return turn(`<code>${code}</code>`);
}

/** A turn that answers. */
export function answer(text: string): number[] {
  return turn(`<answer>${text}</answer>`);
}

/** One prompt a text, which is its id as well. */
export function prompts(...texts: readonly string[]): RolloutPrompt[] {
  return texts.map((text) => ({ problemId: text, promptIds: codec.encode(text) }));
}

/** Rolls out a batch, with one sample a problem unless told otherwise. */
export function runBatch(sampler: ScriptedSampler, batch: readonly RolloutPrompt[], overrides: Partial<RolloutBatchOptions> = {}) {
  return rolloutBatch(batch, { ...agentOptions(sampler), samples: 1, step: 0, ...overrides });
}

/** Resolves once a condition holds; one look a macrotask. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => void setImmediate(resolve));
}
