import { InputError } from "@retool-ts/core";
import { BullJobQueue, environmentDigest, queuedRollouts, type BullOptions } from "@retool-ts/rollout-queue";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { OwnParts, RecipeEnvironment } from "./create-environment.js";
import type { OpenModelContext, RunModel } from "./run-model.js";
import { unsharedEngine } from "./shared-sampling.js";

type QueueConfig = NonNullable<RecipeConfig["rollouts"]["queue"]>;

/**
 * @throws InputError when rollouts cannot be made on other hosts.
 */
export function checkRolloutQueue({ rollouts, engine, agent }: RecipeConfig, own: OwnParts = {}): void {
  if (rollouts.queue === null) return;
  if (engine.kind === "local" && engine.sampler === null) throw unsharedEngine();
  const refuse = (found: string, fix: string) =>
    new InputError({ what: "config", where: "rollouts.queue", expected: "the code interpreter or tools of plugins", found, fix });
  if (agent.file !== null || own.agent !== undefined) throw refuse("an agent, which is served here", "set rollouts.queue to null");
  if (own.tools !== undefined) throw refuse("tools that are functions of this program", "put them into a plugin, which workers load too");
}

/** How the queue of an environment is reached. */
export function queueOptions({ url, prefix, lostAfterSeconds }: QueueConfig, digest: string, say: (text: string) => void): BullOptions {
  const password = process.env["RETOOL_QUEUE_PASSWORD"] || undefined;
  return { url, prefix, digest, lostAfterMs: 1_000 * lostAfterSeconds, say, ...(password !== undefined && { password }) };
}

/** The environment with its rollouts made by workers, where the config has a queue; closes it where none can be reached. */
export async function withRolloutQueue(
  config: RecipeConfig,
  environment: RecipeEnvironment,
  model: RunModel,
  context: Pick<OpenModelContext, "reporter">,
): Promise<RecipeEnvironment> {
  try {
    return await queued(config, environment, model, context);
  } catch (error) {
    await environment.close();
    throw error;
  }
}

async function queued(
  config: RecipeConfig,
  environment: RecipeEnvironment,
  model: RunModel,
  { reporter }: Pick<OpenModelContext, "reporter">,
): Promise<RecipeEnvironment> {
  if (config.rollouts.queue === null) return environment;
  const digest = environmentDigest(environment, model);
  const say = (text: string) => reporter.say(text);
  const queue = await BullJobQueue.open(queueOptions(config.rollouts.queue, digest, say));
  say(`rollouts are made by the workers of ${queue.title}; there are ${await queue.workers()} now`);
  const onNoWorker = () => say(`no worker takes rollouts of ${queue.title}: start one with retool rollout-worker and the same settings`);
  return {
    ...environment,
    rollOut: queuedRollouts({ queue, environment, digest, onNoWorker }),
    async close() {
      await queue.close();
      await environment.close();
    },
  };
}
