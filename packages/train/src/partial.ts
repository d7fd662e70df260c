import type { SamplingParameters } from "@retool-ts/engine";
import type { Environment, SamplingModel } from "@retool-ts/evaluate";
import type { RolloutJournal } from "@retool-ts/rollout";
import type { RunParts } from "./train-context.js";

/** Rollouts of a run that a journal is for. */
export interface PartialRequest {
  /** Of the journal. */
  readonly name: string;
  readonly policy: SamplingModel;
  readonly sampling: SamplingParameters;
}

/**
 * Samples rollouts with a journal, where those of an interrupted run are found again. It goes on from an earlier journal only where
 * weights and settings are the same to the bit. The journal stays until a checkpoint makes it needless.
 */
export async function withPartial<Closure, T>(
  context: Pick<RunParts<Closure>, "recorder" | "reporter" | "seed" | "environment">,
  { name, policy, sampling }: PartialRequest,
  sample: (journal: RolloutJournal | undefined) => Promise<T>,
): Promise<T> {
  const { recorder, reporter, seed, environment } = context;
  if (recorder.openJournal === undefined) return sample(undefined);
  const weights = await policy.engine.weightsDigest();
  const identity = JSON.stringify({ seed, weights, sampling, environment: environmentIdentity(environment) });
  const journal = recorder.openJournal(name, identity, (text) => reporter.say(text));
  try {
    return await sample(journal);
  } finally {
    journal.close();
  }
}

/** Settings that decide what comes after the same tokens. Prompts need not be named: a journal knows turns by all tokens before them. */
function environmentIdentity({ identity, budgets, dialect, tools }: Environment): unknown {
  return identity ?? { budgets, dialect: dialect.name, tools: tools.map(({ name, description, parameters }) => ({ name, description, parameters })) }; // prettier-ignore
}
