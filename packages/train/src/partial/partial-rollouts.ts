import { createHash } from "node:crypto";
import type { Parameters } from "@retool-ts/policy";
import type { SamplingParameters } from "@retool-ts/rollout";
import type { SamplingModel } from "../../../../apps/retool/src/setup/model-setup.js";
import type { RunContext } from "../train-context.js";
import { FileJournal } from "@retool-ts/runs";
import { partialPath } from "./partial-files.js";

/** Which rollouts of a run a journal is for. */
export interface PartialRequest {
  /** Of the file, without extension. */
  readonly name: string;
  readonly policy: SamplingModel;
  readonly sampling: SamplingParameters;
}

/**
 * Samples rollouts with a journal, `partial/NAME.jsonl` in the run folder, where those of an interrupted run are found again. It goes on
 * from an earlier journal only where weights and settings are the same to the bit. The file stays until a checkpoint makes it needless.
 */
export async function withPartial<T>(
  context: RunContext,
  request: PartialRequest,
  sample: (journal: FileJournal) => Promise<T>,
): Promise<T> {
  const journal = await openPartial(context, request);
  try {
    return await sample(journal);
  } finally {
    journal.close();
  }
}

async function openPartial({ config, run, reporter }: RunContext, { name, policy, sampling }: PartialRequest): Promise<FileJournal> {
  const { seed, budgets, dialect, prompt, sandbox } = config;
  const { workers: _, ...limits } = sandbox; // how many run at once changes no result
  const weights = await weightsDigest(policy.engine.parameters);
  const facts = JSON.stringify({ seed, weights, sampling, budgets, dialect, prompt, sandbox: limits });
  const identity = createHash("sha256").update(facts).digest("hex");
  return FileJournal.open(partialPath(run, name), identity, (text) => reporter.say(text));
}

/**
 * A digest of the weights that is cheap enough for every step: of the adapter where there is one, else of all norms and biases. A step
 * of training moves each of these, so that weights which went another way differ here too.
 */
export async function weightsDigest(parameters: Parameters): Promise<string> {
  const isAdapter = parameters.lora !== undefined;
  const hash = createHash("sha256");
  for (const { name, kind } of parameters.trainableSpecs) {
    if (!isAdapter && kind !== "norm" && kind !== "bias") continue;
    const values = await parameters.get(name).data();
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
}
