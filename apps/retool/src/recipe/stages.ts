import { policyLossWith } from "@retool-ts/algorithms";
import { streamRows } from "@retool-ts/data/node";
import {
  BestOfStream,
  ColdStartStream,
  ConversationStream,
  saveCheckpoint,
  sft,
  stageOffset,
  train,
  type RlState,
  type RowStream,
  type RunState,
  type SftStage,
  type SftState,
} from "@retool-ts/train";
import type { GradedRollout } from "@retool-ts/evaluate";
import { localDataset } from "../setup/hub-files.js";
import { tasksOf } from "../setup/task-families.js";
import { stageProblems } from "../setup/problem-source.js";
import { recordedGroups } from "../setup/recorded-rollouts.js";
import { loadPlugins, pluginPart } from "../config/load-plugins.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RecipeContext, RecipeFunctions } from "./recipe-context.js";

/** The supervised stages of a recipe. */
export function runSft(context: RecipeContext, from: SftState): Promise<SftState> {
  const { config } = context;
  return sft({
    ...sharedParts(context),
    config: config.sft,
    keepCheckpoints: config.train.keepCheckpoints,
    openRows: (stage) => openRows(context, stage),
    validation: {
      problems: (count) => stageProblems(config, count),
      sampling: config.eval.sampling,
    },
    from,
  });
}

/** The reinforcement learning of a recipe. */
export async function runRl(context: RecipeContext, from: RlState): Promise<RlState> {
  const { config, model, problems, rollouts, functions } = context;
  const { advantage, loss } = await ownFunctions(config, functions);
  const reference = await model.openReference();
  try {
    return await train({
      ...sharedParts(context),
      config: config.train,
      problems: problems.train,
      ...(problems.validation.length > 0 && {
        heldOut: { problems: problems.validation, samples: config.eval.samples, sampling: config.eval.sampling },
      }),
      from,
      ...(rollouts && { rollouts }),
      ...(reference && { reference }),
      ...(advantage && { advantage }),
      ...(loss && { loss: policyLossWith(loss) }),
    });
  } finally {
    reference?.dispose();
  }
}

/** Functions of the caller, else those of plugins that the config names. */
async function ownFunctions({ functions: names, plugins }: RecipeConfig, own: RecipeFunctions): Promise<RecipeFunctions> {
  const loaded = await loadPlugins(plugins);
  const advantage = own.advantage ?? (names.advantage === null ? undefined : pluginPart(loaded, "advantages", names.advantage, "functions.advantage")); // prettier-ignore
  const loss = own.loss ?? (names.loss === null ? undefined : pluginPart(loaded, "losses", names.loss, "functions.loss"));
  return { ...(advantage && { advantage }), ...(loss && { loss }) };
}

/** Writes a checkpoint between stages. */
export function saveState(context: RecipeContext, state: RunState): Promise<void> {
  return saveCheckpoint(sharedParts(context), context.config.train, state);
}

function sharedParts({ config, model, environment, run, reporter, signal }: RecipeContext) {
  const policy = { ...model, save: (folder: string) => model.saveCheckpoint(folder, run) };
  return { policy, environment, seed: config.seed, recorder: run, reporter, signal };
}

/** The rows that a stage names. */
async function openRows(context: RecipeContext, stage: SftStage): Promise<RowStream> {
  const { config, model, environment, problems, run, reporter, signal } = context;
  const { source } = stage;
  const { seed, data, sft: { stages, evalEvery, evalRows } } = config; // prettier-ignore
  const { tokenizer, engine } = model;
  const shared = { seed, stage, environment, tokenizer };
  const heldOut = evalEvery === null ? 0 : evalRows;
  switch (source.kind) {
    case "generated": {
      const { traceFormat, sandbox } = environment;
      return new ColdStartStream({
        ...shared,
        traceFormat,
        sandbox,
        firstProblem: stageOffset(stages, stage),
        tasks: await tasksOf(config, data.train),
      });
    }
    case "file": {
      const rows = streamRows(await localDataset(source.path, { reporter, signal }));
      return ConversationStream.open({ ...shared, rows, source, heldOut, maxPositions: engine.model.maxPositions, reporter });
    }
    case "rollouts": {
      const name = `sft-${stage.name}`;
      const rollouts = {
        read: async () => (await recordedGroups(source.files ?? [run.file("trajectories", `${name}.jsonl.gz`)], tokenizer)).flat(),
        write: (all: readonly GradedRollout[]) => run.writeRollouts(name, all, { phase: name, step: 0 }, { replay: true }),
      };
      const firstProblem = stageOffset(stages, stage);
      const parts = { policy: model, problems: problems.train, firstProblem, source, heldOut, rollouts, recorder: run, reporter, signal };
      return new BestOfStream({ ...shared, ...parts });
    }
  }
}
