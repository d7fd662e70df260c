import { fetchDatasets } from "../setup/datasets-of-run.js";
import { loadConfig, type ConfigSources } from "../config/load-config.js";
import { createReporter, type Reporter } from "../shell/log.js";
import type { RecipeFunctions } from "./recipe-context.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import { runRecipe } from "./recipe.js";
import type { RecipeConfig, RecipeInput } from "../config/recipe-config.js";
import { checkTraceLanguage } from "../setup/sandbox-setup.js";
import { withRun } from "./session.js";
import type { Summary } from "@retool-ts/runs";

/** Settings that stand over a preset; every key may be left out. */
export type RecipeSettings = DeepPartial<RecipeInput>;

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [Key in keyof T]?: DeepPartial<T[Key]> } : T;

/** A recipe to run: settings, folder, and functions of one's own. */
export interface TrainRecipeOptions extends RecipeFunctions {
  /** Folder of the run. */
  readonly run: string;
  readonly preset?: NonNullable<ConfigSources["preset"]>;
  readonly settings?: RecipeSettings;
  /** Go on from the newest checkpoint in `run`, with the config kept there; functions are not kept, so give them again. */
  readonly resume?: boolean;
  /** Default: all parts. Without `sft`, RL begins with `model.from`, or with random weights. */
  readonly parts?: RecipeParts;
  /** Default: silence. */
  readonly reporter?: Reporter;
  /** Stops the run after it was saved; the promise is then rejected with an `AbortError`. */
  readonly signal?: AbortSignal;
}

/**
 * The recipe of the command line for programs: cold start, reinforcement learning and evaluations in a run folder.
 *
 * @returns what `summary.json` holds.
 * @throws InputError when settings or folder are wrong.
 */
export async function trainRecipe(options: TrainRecipeOptions): Promise<Summary> {
  const { preset, settings, advantage } = options;
  const sources = { ...(preset && { preset }), ...(settings && { settings }), ...(advantage && { advantage }) };
  return trainWith(await loadConfig(sources), options);
}

/** Runs the recipe with a config that is read already. */
export async function trainWith(config: RecipeConfig, options: Omit<TrainRecipeOptions, "preset" | "settings">): Promise<Summary> {
  const { run: path, resume = false, parts = { sft: true, rl: true }, advantage, loss, reward, tools, problems, agent } = options;
  const reporter = options.reporter ?? createReporter({ quiet: () => true });
  const signal = options.signal ?? new AbortController().signal;
  if (!resume && parts.sft) checkTraceLanguage(config);
  if (!resume) await fetchDatasets(config, parts, { reporter, signal });
  const request = {
    path,
    resume,
    config,
    parts,
    resumeWith: "trainRecipe({ …, resume: true })",
    reporter,
    signal,
    functions: {
      ...(advantage && { advantage }),
      ...(loss && { loss }),
      ...(reward && { reward }),
      ...(tools && { tools }),
      ...(problems && { problems }),
      ...(agent && { agent }),
    },
    ...(parts.sft ? {} : { start: { phase: "rl", totalSteps: 0, step: 0 } as const }),
  };
  return withRun(request, async (context, state) => {
    await runRecipe(context, state, parts);
    return context.run.readSummary()!;
  });
}
