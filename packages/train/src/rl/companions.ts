import { join, resolve } from "node:path";
import { Critic, FrozenPolicy, loadCritic, loadModel, saveCritic, type Parameters } from "@retool-ts/policy";
import type { RunContext, Saveable } from "../train-context.js";
import type { RlState } from "../train-state.js";
import { loadBranch, saveBranch } from "./policy-branch.js";

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

/** True once a checkpoint holds what the run has learned; until then everything follows from the policy. */
function hasBegun({ step, criticSteps = 0 }: RlState): boolean {
  return step + criticSteps > 0;
}

/** The run keeps the policy that RL began with in `reference/`, written before the first step: its weights, or its adapter on a base that is shared. */
async function openReference({ config, model, run }: RunContext, state: RlState): Promise<FrozenPolicy | undefined> {
  const { kl } = config.train;
  if (kl === null) return undefined;
  const { parameters } = model.engine;
  const frozen = (weights: Parameters) => new FrozenPolicy(weights, config.optimizer);
  if (kl.reference !== null) return frozen(isSame(kl.reference, model.base) ? parameters.shareBase() : await loadModel(kl.reference));
  const own = run.file("reference");
  if (!hasBegun(state)) await saveBranch(own, parameters);
  return frozen(await loadBranch(own, parameters));
}

function isSame(path: string, base: string | null): boolean {
  return base !== null && resolve(path) === resolve(base);
}

async function openCritic({ config, model, run }: RunContext, state: RlState): Promise<Critic | undefined> {
  if (config.train.advantage !== "gae") return undefined;
  const { maxTokensPerMicroBatch, gradientCheckpointing, ...optimizer } = config.optimizer;
  const options = { optimizer, maxTokensPerMicroBatch, gradientCheckpointing };
  const { parameters } = model.engine;
  if (!hasBegun(state)) return Critic.fromPolicy(parameters, options);
  return loadCritic(join((await run.latestCheckpoint())!.path, "critic"), options, parameters);
}
