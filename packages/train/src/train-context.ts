import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadOptimizer, saveOptimizer } from "@retool-ts/policy";
import { baseName, saveAdapterFolder } from "../../../apps/retool/src/setup/adapter-setup.js";
import { writeFileAtomic } from "@retool-ts/runs";
import type { Environment } from "../../../apps/retool/src/setup/create-environment.js";
import type { Reporter } from "../../../apps/retool/src/shell/log.js";
import { saveModelFolder, type PolicyModel } from "../../../apps/retool/src/setup/model-setup.js";
import { prunePartials } from "./partial/partial-files.js";
import type { RecipeConfig } from "../../../apps/retool/src/config/recipe-config.js";
import type { RecipeExtensions } from "./rl/extensions.js";
import type { RunFolder } from "@retool-ts/runs";
import type { RunState } from "./train-state.js";

/** What all parts of a run share. */
export interface RunContext {
  readonly config: RecipeConfig;
  readonly model: PolicyModel;
  readonly environment: Environment;
  readonly run: RunFolder;
  readonly reporter: Reporter;
  /** Functions of the user's own, in place of what the config names. */
  readonly extensions?: RecipeExtensions;
  readonly signal?: AbortSignal;
}

/** Something beside the policy that a checkpoint keeps. */
export interface Saveable {
  save(folder: string): Promise<void>;
}

/** Writes a checkpoint; `state.json` comes last and makes it complete. */
export async function saveCheckpoint(
  { model, run, config }: RunContext,
  state: RunState,
  others: readonly Saveable[] = [],
): Promise<string> {
  const folder = run.checkpointFolder(state.totalSteps);
  if (model.engine.parameters.lora === undefined) await saveModelFolder(folder, model);
  else await saveAdapterFolder(folder, model, await baseOfRun(run, model));
  await saveOptimizer(folder, model.engine.optimizer);
  for (const other of others) await other.save(folder);
  await writeFileAtomic(join(folder, "state.json"), `${JSON.stringify(state, null, 2)}\n`);
  const best = state.phase === "rl" ? state.best : undefined;
  await run.writeBest(best);
  await prunePartials(run, state);
  await run.pruneCheckpoints(1 + config.train.keepCheckpoints, best?.step);
  return folder;
}

/** What a run's adapters stand on: the model it was given, or the random weights it began with, which it keeps. */
async function baseOfRun(run: RunFolder, model: PolicyModel): Promise<string> {
  if (model.base !== null) return baseName(model.base);
  const folder = run.file("base");
  if (!existsSync(join(folder, "model.safetensors"))) await saveModelFolder(folder, model, { adapter: "omit" });
  return "../../base";
}

/** Puts a checkpoint's optimizer back; its weights are loaded with the model. */
export async function restoreOptimizer({ model }: RunContext, folder: string): Promise<void> {
  await loadOptimizer(folder, model.engine.optimizer);
}

/** Learning rate options of a stage or of RL, with its length filled in. */
export function scheduleOf(rate: RecipeConfig["train"]["learningRate"], steps: number) {
  const { peak, kind, warmupSteps, floor, decaySteps } = rate;
  return { peak, kind, warmupSteps, floor, totalSteps: decaySteps ?? steps };
}
