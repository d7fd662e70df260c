import { DEFAULT_BUDGETS, runAgent, xmlDialect, type AgentOptions, type Budgets, type Trajectory } from "../src/index.js";
import { codec, EOS, turn } from "./scripted-codec.js";
import { ScriptedSampler } from "./scripted-sampler.js";

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
