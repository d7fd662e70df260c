import { InputError } from "@retool-ts/core";
import { openRunFolder, RunFolder } from "@retool-ts/runs";
import { BullJobSource, environmentDigest, rolloutWorker } from "@retool-ts/rollout-queue";
import { existsSync } from "node:fs";
import { loadConfig } from "../config/load-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { createEnvironment } from "../setup/create-environment.js";
import { localModel } from "../setup/hub-files.js";
import { readModelTokenizer } from "../setup/model-files.js";
import { readShape } from "../setup/model-shape.js";
import { checkRolloutQueue, queueOptions } from "../setup/rollout-queue.js";
import { openSharedSampling } from "../setup/shared-sampling.js";
import type { CliContext } from "../shell/cli-context.js";
import { untilStopped } from "../shell/until-stopped.js";
import { startConfig } from "./recipe-run.js";
import { configSources, type RunOptions } from "./run-options.js";

/** Options of `retool rollout-worker`. */
export interface RolloutWorkerOptions extends Pick<
  RunOptions,
  "preset" | "config" | "set" | "plugin" | "engine" | "baseUrl" | "baseModel"
> {
  readonly model: string;
  readonly concurrency: number;
}

/** Makes rollouts until the first Ctrl-C or SIGTERM. */
export async function workOnRollouts(
  options: RolloutWorkerOptions,
  { print, reporter, signal }: Pick<CliContext, "print" | "reporter" | "signal">,
): Promise<void> {
  const { config, folder } = await workerSetup(options, { reporter, signal });
  const { queue } = config.rollouts;
  if (queue === null) {
    const problem = { what: "config", where: "rollouts.queue", expected: "a queue to take rollouts from", found: "none" };
    throw new InputError({ ...problem, fix: "name it with --set rollouts.queue.url=redis://HOST:6379, here and in the run" });
  }
  checkRolloutQueue(config);
  const described = await readModelTokenizer(folder);
  const shape = await readShape(folder);
  const environment = await createEnvironment(config, described, {}, (text) => reporter.say(text));
  try {
    const sampling = await openSharedSampling(config.engine, shape, { reporter, signal });
    try {
      const digest = environmentDigest(environment, described);
      const source = await BullJobSource.open(queueOptions(queue, digest, (text) => reporter.say(text)));
      try {
        const model = { ...described, maxPositions: shape.maxPositions };
        const handler = rolloutWorker({ environment, model, openSampler: (weights, sampler) => sampling.sampler(weights, sampler) });
        const status = reporter.status();
        let done = 0;
        const onDone = () => status.update(`${++done} rollouts`);
        const worker = await source.work(handler, { concurrency: options.concurrency, onDone, say: (text) => reporter.say(text) });
        print(source.title);
        reporter.say(`sampling from ${sampling.title}, ${options.concurrency} rollouts at once. Ctrl-C ends the worker.`);
        await untilStopped(signal);
        await worker.close();
        status.done();
        reporter.say(`${done} rollouts were made; what was undone is another worker's`);
      } finally {
        await source.close();
      }
    } finally {
      await sampling.close();
    }
  } finally {
    await environment.close();
  }
}

/** The run's config, and a folder with tokenizer and `config.json` of its model. */
async function workerSetup(
  options: RolloutWorkerOptions,
  context: Pick<CliContext, "reporter" | "signal">,
): Promise<{ readonly config: RecipeConfig; readonly folder: string }> {
  const run = new RunFolder(options.model);
  if (!existsSync(run.file("config.yaml"))) {
    const config = await startConfig({ ...options, output: "", resume: false, dryRun: false }, context);
    return { config, folder: config.model.from! };
  }
  // A run that has just begun has no checkpoint yet, but the model that it starts from.
  const config = await loadConfig({ ...configSources(options), file: options.config ?? run.file("config.yaml") });
  const checkpoint = await (await openRunFolder(options.model)).latestCheckpoint();
  if (config.model.from !== null) return { config, folder: await localModel(config.model.from, context) };
  if (checkpoint !== undefined) return { config, folder: checkpoint.path };
  const problem = { what: "run", where: options.model, expected: "a checkpoint, for its tokenizer", found: "none yet" };
  throw new InputError({ ...problem, fix: "start the worker once the run has written one" });
}
