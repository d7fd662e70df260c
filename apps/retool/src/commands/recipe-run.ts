import { defined, InputError } from "@retool-ts/core";
import { stringify } from "yaml";
import type { CliContext } from "../shell/cli-context.js";
import { checkpointConfig, resolveCheckpoint } from "../setup/checkpoint-source.js";
import { commandLine } from "../shell/command-name.js";
import { configSources, type RunOptions } from "./run-options.js";
import { checkInputs } from "../setup/check-inputs.js";
import { fetchDatasets } from "../setup/datasets-of-run.js";
import { loadConfig } from "../config/load-config.js";
import { checkMemory, planText, publishedPlanText } from "../plan/describe-plan.js";
import { presetOf } from "../config/presets.js";
import { hubName } from "../config/presets/model-shapes.js";
import { phaseTable } from "../recipe/phases.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import { runRecipe, type RecipeHooks } from "../recipe/recipe.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { checkTraceLanguage } from "../setup/sandbox-setup.js";
import { withRun } from "../recipe/session.js";
import type { Summary } from "@retool-ts/runs";
import { formatTable } from "../shell/text-table.js";

/** Runs parts of the recipe in a run folder and prints what they came to. */
export async function runCommand(
  name: string,
  parts: RecipeParts,
  options: RunOptions,
  context: CliContext,
  hooks: RecipeHooks = {},
): Promise<void> {
  const result = await runParts(name, parts, options, context, hooks);
  if (result !== undefined) context.print(options.json === true ? runJson(result) : runText(result));
}

/** A run that is done. */
export interface RunResult {
  /** Folder of the run, and of its newest checkpoint. */
  readonly run: string;
  readonly checkpoint: string | undefined;
  readonly summary: Summary;
}

/** A result for a person: the phases as a table, and where the weights are. */
export function runText({ checkpoint, summary }: RunResult): string {
  return `${formatTable(phaseTable(summary.phases))}${checkpoint === undefined ? "" : `\n\ncheckpoint: ${checkpoint}`}`;
}

/** A result for programs: the summary of the run with its paths. */
export function runJson({ run, checkpoint, summary }: RunResult, more: Readonly<Record<string, string>> = {}): string {
  return JSON.stringify({ run, checkpoint: checkpoint ?? null, ...more, ...summary }, null, 2);
}

function needlessThroughput(): InputError {
  const expected = "the speed of a server that trains, for --dry-run";
  const fix = "leave it out: a dry run here measures this machine; or train with --engine tinker --base-url URL";
  return new InputError({ what: "options", where: "--throughput", expected, found: "an engine in this process", fix });
}

/** What `sft`, `train` and `quickstart` share; undefined after a dry run, which has printed its plan. */
export async function runParts(
  name: string,
  parts: RecipeParts,
  options: RunOptions,
  context: CliContext,
  hooks: RecipeHooks = {},
): Promise<RunResult | undefined> {
  const { reporter, signal } = context;
  checkResume(options);
  const config = await startConfig(options, context);
  if (options.throughput !== undefined && config.engine.kind !== "tinker") throw needlessThroughput();
  const preset = options.resume || config.model.from !== null ? undefined : presetOf(options.preset)?.published;
  if (!options.resume) await checkInputs(config, parts, { reporter, signal, download: false });
  if (options.dryRun) {
    const { throughput } = options;
    const plan =
      preset === undefined
        ? await planText(config, parts, { ...context, ...defined({ throughput }) })
        : await publishedPlanText(preset, config, parts, throughput);
    context.print(options.json === true ? JSON.stringify({ config, plan }, null, 2) : `${stringify(config)}\n${plan}`);
    return undefined;
  }
  if (preset !== undefined) {
    throw new InputError({
      what: `preset ${options.preset}`,
      where: "model.from",
      expected: `the weights of ${preset.model}`,
      found: "none",
      fix: `name them with --model ${hubName(preset.model)}, or their folder with --set model.from=FOLDER; --dry-run says what they need`,
    });
  }
  if (!parts.sft && !options.resume && config.model.from === null) {
    throw new InputError({
      what: `retool ${name}`,
      where: "--model",
      expected: "a checkpoint to start from",
      found: "none",
      fix: "name it: retool train runs/sft, or a checkpoint folder",
    });
  }
  if (!options.resume && parts.sft) checkTraceLanguage(config);
  if (!options.resume) await fetchDatasets(config, parts, { reporter, signal });
  if (!options.resume) await checkInputs(config, parts, { reporter, signal, download: true });
  if (!options.resume) await checkMemory(config, parts, { reporter, signal });
  const request = {
    path: options.output,
    resume: options.resume,
    config,
    parts,
    resumeWith: commandLine(name, "--resume", "--output", options.output),
    plugins: options.plugin ?? [],
    reporter,
    signal,
  };
  let result: RunResult | undefined;
  await withRun(parts.sft ? request : { ...request, start: { phase: "rl", totalSteps: 0, step: 0 } }, async (run, state) => {
    await runRecipe(run, state, parts, hooks);
    result = { run: options.output, checkpoint: (await run.run.latestCheckpoint())?.path, summary: run.run.readSummary()! };
  });
  return result;
}

/** The config of a new run. One that starts from another run's checkpoint keeps that run's config unless it names its own. */
export async function startConfig(options: RunOptions, context: Pick<CliContext, "reporter" | "signal">): Promise<RecipeConfig> {
  const start = options.model;
  const sources = configSources(options);
  if (start === undefined) {
    const config = await loadConfig(sources);
    const weights = options.preset === undefined || options.resume ? undefined : presetOf(options.preset)?.weights;
    if (weights !== undefined && config.model.from === null) {
      throw new InputError({
        what: "config",
        where: `preset ${options.preset}: model.from`,
        expected: "a model",
        found: "none",
        fix: weights,
      });
    }
    return config;
  }
  const from = await resolveCheckpoint(start, context);
  const named = options.preset !== undefined || options.config !== undefined;
  const config = named ? await loadConfig(sources) : await checkpointConfig(from, { ...options, set: sources.set ?? [] });
  return { ...config, model: { ...config.model, from } };
}

function checkResume({ resume, preset, config, set, model, engine, baseUrl, baseModel }: RunOptions): void {
  if (!resume) return;
  const beside = { preset, config, set: set[0], model, engine, "base-url": baseUrl, "base-model": baseModel };
  const found = Object.entries(beside).find(([, value]) => value !== undefined)?.[0];
  if (found === undefined) return;
  throw new InputError({
    what: "options",
    where: "--resume",
    expected: "none of --preset, --config, --set and --model beside it",
    found: found === "model" ? `the model ${model}` : `--${found}`,
    fix: "leave it out: a resumed run keeps its config and weights, and is named by --output",
  });
}
