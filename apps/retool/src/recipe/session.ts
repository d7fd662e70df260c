import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { probeBackends, type BackendName } from "@retool-ts/policy/node";
import { stringify } from "yaml";
import { createEnvironment } from "../setup/create-environment.js";
import { loadAgent } from "../config/load-agent.js";
import { checkRolloutQueue, withRolloutQueue } from "../setup/rollout-queue.js";
import { localModel } from "../setup/hub-files.js";
import { Interrupted } from "../shell/interrupted.js";
import type { Reporter } from "../shell/log.js";
import { openModel } from "../setup/open-model.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import { parseState, SFT_START, type RunState } from "@retool-ts/train";
import { recipeProblems, type RecipeProblems } from "../setup/problem-source.js";
import { recordedGroups } from "../setup/recorded-rollouts.js";
import { changedPlugins, movedPlugins } from "../setup/moved-plugins.js";
import { manifestOf, startInManifest } from "./manifest.js";
import type { RecipeContext, RecipeFunctions } from "./recipe-context.js";
import { type Checkpoint, createRunFolder, RunFolder, withFolderLock } from "@retool-ts/runs";
import { otherVersion, readRunConfig } from "../config/run-config.js";

/** Beginning of a run. */
export interface SessionRequest {
  /** Folder of the run. */
  readonly path: string;
  /** Go on from the newest checkpoint, with the config that the folder holds. */
  readonly resume: boolean;
  /** Config of a new run. */
  readonly config: RecipeConfig;
  /** State that a new run starts from. */
  readonly start?: RunState;
  /** The command that goes on after an interruption. */
  readonly resumeWith: string;
  readonly reporter: Reporter;
  /** Parts of the recipe that will run; default: all. */
  readonly parts?: RecipeParts;
  readonly functions?: RecipeFunctions;
  /** Of a resumed run: plugins that have moved, or that stand beside those of its config. */
  readonly plugins?: readonly string[];
  readonly signal: AbortSignal;
}

const ALL_PARTS: RecipeParts = { sft: true, rl: true };

const RUN_HINTS = {
  another: "choose another --output",
  occupied: "pass --resume or choose another --output",
  missing: "check the path, or leave out --resume",
};

type Work<T> = (context: RecipeContext, state: RunState) => Promise<T>;

/**
 * Opens or makes a run, does the work, and closes what was opened, also after errors and interruptions.
 *
 * @throws InputError when the folder cannot be used, or another process works in it.
 */
export async function withRun<T>(request: SessionRequest, work: Work<T>): Promise<T> {
  const problems = request.resume ? undefined : await openProblems(request.config, request); // a mistake in them leaves no folder behind
  if (!request.resume) checkRolloutQueue(request.config, request.functions); // nor does one in the places of rollouts
  const agent = request.resume ? null : request.config.agent.file;
  if (agent !== null) await loadAgent(agent); // nor does one in an agent
  const run = await createRunFolder(request.path, { resume: request.resume, hints: RUN_HINTS });
  return withFolderLock(run.path, () => workIn(run, request, problems, work));
}

function openProblems(config: RecipeConfig, { parts = ALL_PARTS, functions, reporter }: SessionRequest): Promise<RecipeProblems> {
  return recipeProblems(config, { parts, own: functions?.problems, reporter });
}

async function workIn<T>(run: RunFolder, request: SessionRequest, opened: RecipeProblems | undefined, work: Work<T>): Promise<T> {
  const { path, reporter, signal, start = SFT_START, functions = {} } = request;
  const config = request.resume ? await resumedConfig(run, request) : request.config;
  const other = request.resume ? otherVersion(run) : undefined;
  if (other !== undefined) reporter.say(`${other}: numbers may differ from those of one run`);
  const checkpoint = request.resume ? await run.latestCheckpoint() : undefined;
  const state = checkpoint === undefined ? ((request.resume ? startInManifest(run) : undefined) ?? start) : readState(checkpoint);
  const from = config.model.from === null || checkpoint !== undefined ? null : await localModel(config.model.from, { reporter, signal });
  const backend = request.resume ? await recordedBackend(run, reporter) : undefined;
  const model = await withResumeHint(checkpoint, () =>
    openModel({ ...config, backend: backend ?? config.backend }, checkpoint?.path ?? from, {
      reporter,
      signal,
      ...(request.resume && { engineFacts: run.readManifest()?.["engine"] }),
    }),
  );
  reporter.say(`backend ${model.backend}: ${backend === undefined ? model.backendReason : "as the run began"}`);
  try {
    const own = await createEnvironment(config, model, functions, (text) => reporter.say(text));
    const environment = await withRolloutQueue(config, own, model, { reporter });
    if (config.log.tensorboard) run.logForTensorBoard();
    if (config.log.replay) run.keepForReplay();
    const problems = opened ?? (await openProblems(config, request));
    const recorded = (request.parts ?? ALL_PARTS).rl ? config.data.rollouts : null;
    const rollouts = recorded === null ? undefined : await recordedGroups(recorded, model.tokenizer);
    const context: RecipeContext = {
      config,
      model,
      environment,
      problems,
      ...(rollouts && { rollouts }),
      run,
      reporter,
      signal,
      functions,
    };
    try {
      if (request.resume) {
        if (checkpoint !== undefined) await withResumeHint(checkpoint, () => model.engine.loadState(checkpoint.path, { weights: false }));
        await run.truncateAfter(state.totalSteps);
        reporter.say(
          checkpoint === undefined ? `${path} has no checkpoint yet: starting from the beginning` : `going on from ${checkpoint.path}`,
        );
      } else {
        await run.writeConfig(stringify(config));
        await run.writeManifest(await manifestOf({ config, parts: request.parts ?? ALL_PARTS, start, model, functions }));
      }
      return await work(context, state);
    } catch (error) {
      if (!signal.aborted) throw withPath(error, run);
      throw new Interrupted(`interrupted; what was done is saved. Go on with: ${request.resumeWith}`, { cause: error });
    } finally {
      await environment.close();
    }
  } finally {
    await model.close();
  }
}

/** The config of a run, with its plugins where they are now; says which of them have changed. */
async function resumedConfig(run: RunFolder, { plugins = [], reporter }: SessionRequest): Promise<RecipeConfig> {
  const config = await readRunConfig(run);
  const places = movedPlugins(config.plugins, plugins);
  for (const line of await changedPlugins(run, places)) reporter.say(line);
  return { ...config, plugins: [...places.plugins] };
}

function readState({ path }: Checkpoint): RunState {
  return parseState(new RunFolder(path).readJson("state.json"), join(path, "state.json"));
}

/** Loads from a checkpoint; when that is damaged, the message says how to go on without it. */
async function withResumeHint<T>(checkpoint: Checkpoint | undefined, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (checkpoint === undefined || !(error instanceof InputError)) throw error;
    const fix = `remove ${checkpoint.path} to go on from the checkpoint before it, or from the beginning`;
    throw new InputError({ ...error.problem, fix }, { cause: error });
  }
}

/** A failure of the file system that names no file is one of the run's folder. */
function withPath(error: unknown, { path }: RunFolder): unknown {
  return error instanceof Error && "syscall" in error && !("path" in error) ? Object.assign(error, { path }) : error;
}

/** The backend that a run began on, because another gives other numbers; undefined where it does not load here. */
async function recordedBackend(run: RunFolder, reporter: Reporter): Promise<BackendName | undefined> {
  const recorded = run.readManifest()?.["backend"];
  const probe = (await probeBackends()).find(({ name }) => name === recorded);
  if (probe?.available === false) {
    reporter.say(`backend ${probe.name}, on which the run began, does not load here: numbers will differ from those of one run`);
  }
  return probe?.available === true ? probe.name : undefined;
}
