import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { Critic, FrozenPolicy, loadCritic, loadModel, saveCritic, saveModel } from "@retool-ts/policy";
import type { RlState, RunContext, Saveable } from "../run-context.js";

/** Models beside the policy that a run consults or trains. */
export interface Companions extends Saveable {
  /** The frozen policy of a KL penalty. */
  readonly reference?: FrozenPolicy;
  /** The critic of PPO. */
  readonly critic?: Critic;
  dispose(): void;
}

/** Opens what the config needs: as RL begins, from the policy; later, from the newest checkpoint, to the bit. */
export async function openCompanions(context: RunContext, state: RlState): Promise<Companions> {
  refuseAdapter(context);
  const reference = await openReference(context, state);
  const critic = await openCritic(context, state).catch((error: unknown) => {
    reference?.dispose();
    throw error;
  });
  return {
    ...(reference && { reference }),
    ...(critic && { critic }),
    save: async (folder) => (critic === undefined ? undefined : saveCritic(join(folder, "critic"), critic)),
    dispose() {
      reference?.dispose();
      critic?.dispose();
    },
  };
}

/** Copies of a policy are of whole models, so what needs one does not go together with an adapter. */
function refuseAdapter({ config: { train }, model }: RunContext): void {
  const needsCopy = train.kl !== null || train.advantage === "gae" || train.offPolicySteps > 0;
  if (!needsCopy || model.engine.parameters.lora === undefined) return;
  throw new InputError({
    what: "config",
    where: "model: adapter",
    expected: "none together with train.kl, train.advantage gae or train.offPolicySteps",
    found: "an adapter",
    fix: "train all weights, or leave these settings out",
  });
}

/** True once a checkpoint holds what the run has learned; until then everything follows from the policy. */
function hasBegun({ step, criticSteps = 0 }: RlState): boolean {
  return step + criticSteps > 0;
}

/** The run keeps the weights that RL began with in `reference/`, written before the first step. */
async function openReference({ config, model, run }: RunContext, state: RlState): Promise<FrozenPolicy | undefined> {
  const { kl } = config.train;
  if (kl === null) return undefined;
  const own = run.file("reference");
  if (kl.reference === null && !hasBegun(state)) await saveModel(own, model.engine.parameters);
  return new FrozenPolicy(await loadModel(kl.reference ?? own), config.optimizer);
}

async function openCritic({ config, model, run }: RunContext, state: RlState): Promise<Critic | undefined> {
  if (config.train.advantage !== "gae") return undefined;
  const { maxTokensPerMicroBatch, ...optimizer } = config.optimizer;
  const options = { optimizer, maxTokensPerMicroBatch };
  if (!hasBegun(state)) return Critic.fromPolicy(model.engine.parameters, options);
  return loadCritic(join((await run.latestCheckpoint())!.path, "critic"), options);
}
