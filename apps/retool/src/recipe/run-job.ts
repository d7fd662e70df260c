import { existsSync } from "node:fs";
import { join } from "node:path";
import { RunFolder } from "@retool-ts/runs";
import { parseState } from "@retool-ts/train";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import { runRecipe } from "./recipe.js";
import { withRun, type SessionRequest } from "./session.js";
import { resolveCheckpoint } from "../setup/checkpoint-source.js";
import type { Reporter } from "../shell/log.js";

/** An ordinary run in a folder of its own. */
export interface RunJob {
  /** Folder of the run. */
  readonly path: string;
  readonly config: RecipeConfig;
  /** Parts of the recipe to run; default: all. */
  readonly parts?: RecipeParts;
  /** Run whose end it begins from; default: the config's model. */
  readonly from?: string;
}

const ALL_PARTS: RecipeParts = { sft: true, rl: true };

/** A run is finished once its last evaluation is in its summary. */
export function isFinished({ path, parts = ALL_PARTS }: Pick<RunJob, "path" | "parts">): boolean {
  return existsSync(path) && new RunFolder(path).readSummary()?.phases[parts.rl ? "final" : "coldStart"] !== undefined;
}

/** Runs one job, from where it stands. */
export async function runJob(
  { path, config, parts = ALL_PARTS, from }: RunJob,
  shell: { readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<void> {
  const request = { path, resume: existsSync(join(path, "config.yaml")), config, parts, resumeWith: "the same command", ...shell };
  await withRun(from === undefined ? request : await startingFrom(request, from), async (context, state) => {
    await runRecipe(context, state, parts);
  });
}

/** A run that goes on where another stands: with its weights, and counting on from its steps, which name random numbers. */
async function startingFrom(request: SessionRequest, from: string): Promise<SessionRequest> {
  const { config, resume } = request;
  const checkpoint = await resolveCheckpoint(from);
  const start = parseState(new RunFolder(checkpoint).readJson("state.json"), join(checkpoint, "state.json"));
  if (resume) return { ...request, start }; // for a run that was stopped before it had a checkpoint of its own; its config is in its folder
  return { ...request, config: { ...config, model: { ...config.model, from: checkpoint } }, start };
}
