import { join } from "../join.js";
import { RetoolError } from "@retool-ts/core";
import type { CriticEngine, Scorer } from "@retool-ts/engine";
import { newestCheckpoint, type Saveable, type TrainContext } from "../train-context.js";
import type { RlState } from "../train-state.js";

/** Models beside the policy that a run consults or trains. */
export interface ReferenceAndCritic extends Saveable {
  /** The frozen policy of a KL penalty. */
  readonly reference?: Scorer;
  /** The critic of PPO. */
  readonly critic?: CriticEngine;
  dispose(): void;
}

/** Opens what the config needs: as RL begins, from the policy; later, from the newest checkpoint, to the bit. */
export async function openReferenceAndCritic<Closure>(context: TrainContext<Closure>, state: RlState): Promise<ReferenceAndCritic> {
  const reference = await openReference(context, state);
  const critic = await openCritic(context, state).catch((error: unknown) => {
    reference?.dispose?.();
    throw error;
  });
  return {
    ...(reference && { reference }),
    ...(critic && { critic }),
    save: async (folder) => critic?.saveState(join(folder, "critic")),
    dispose() {
      reference?.dispose?.();
      critic?.dispose();
    },
  };
}

/** True once a checkpoint holds what the run has learned; until then everything follows from the policy. */
function hasBegun({ step, criticSteps = 0 }: RlState): boolean {
  return step + criticSteps > 0;
}

/** The run keeps the policy that RL began with in `reference/`, written before the first step. */
async function openReference<Closure>(
  { config, policy, recorder, reference }: TrainContext<Closure>,
  state: RlState,
): Promise<(Scorer & { dispose?(): void }) | undefined> {
  if (config.kl === null) return undefined;
  if (reference !== undefined) return { logProbs: (rows, options) => reference.logProbs(rows, options) }; // its owner disposes of it
  if (config.kl.reference !== null) {
    throw new RetoolError("REFERENCE", `kl.reference: expected the option reference beside ${config.kl.reference}, got none`);
  }
  const folder = recorder.file?.("reference");
  if (hasBegun(state)) {
    if (folder !== undefined) return policy.engine.loadSnapshot(folder);
    throw new RetoolError("RESUME", "kl: a run that goes on needs a recorder with the reference that it kept");
  }
  const snapshot = await policy.engine.snapshot();
  if (folder !== undefined) await snapshot.save(folder);
  return snapshot;
}

async function openCritic<Closure>(context: TrainContext<Closure>, state: RlState): Promise<CriticEngine | undefined> {
  const { config, policy } = context;
  if (config.advantage !== "gae") return undefined;
  const { engine } = policy;
  if (engine.critic === undefined) throw new RetoolError("CRITIC", "advantage gae: this engine trains no critic; choose another advantage");
  return engine.critic(hasBegun(state) ? join(await newestCheckpoint(context), "critic") : undefined);
}
