import { basename } from "node:path";
import { serveOpenAI } from "@retool-ts/serve";
import { checkpointConfig, resolveCheckpoint, type CheckpointConfigOptions } from "../setup/checkpoint-source.js";
import { chatFormatFor, openServingSampler } from "../setup/chat-format.js";
import { toolsTrainedWith } from "../setup/create-environment.js";
import { setUpModel } from "../setup/model-setup.js";
import type { CliContext } from "../shell/cli-context.js";
import { untilStopped } from "../shell/until-stopped.js";
import { servedCounts, ServingProgress, showServing } from "./serving-progress.js";

/** Options of `retool serve`. */
export interface ServeModelOptions extends CheckpointConfigOptions {
  readonly model: string;
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly name?: string;
  readonly maxSequences: number;
  readonly queueLimit: number;
  readonly maxBodyBytes: number;
  readonly timeout: number;
  readonly prefixCache: boolean;
}

/** Serves a model until the first Ctrl-C or SIGTERM; requests at work then have ten seconds to end. */
export async function serveModel(options: ServeModelOptions, { print, reporter, signal }: CliContext): Promise<void> {
  const { host, port, queueLimit, maxBodyBytes, timeout, prefixCache, maxSequences } = options;
  const folder = await resolveCheckpoint(options.model, { reporter, signal });
  const config = await checkpointConfig(folder, options);
  const model = await setUpModel(config, folder);
  try {
    const sampler = await openServingSampler(model, { maxSequences, kvCacheBytes: config.sampler.kvCacheMiB * 2 ** 20 });
    try {
      const token = options.token ?? process.env["RETOOL_SERVE_TOKEN"];
      const { tokenizer, eosTokenIds } = model;
      const server = await serveOpenAI({
        sampler,
        tokenizer,
        eosTokenIds,
        format: await chatFormatFor(config, model, await toolsTrainedWith(config), "trained"),
        modelName: options.name ?? basename(options.model),
        host,
        port,
        ...(token !== undefined && token !== "" && { token }),
        prefixCache,
        queueLimit,
        maxBodyBytes,
        timeoutMs: timeout * 1_000,
      });
      print(`${server.url}/v1`);
      reporter.say(`${folder}: ${sampler.available} sequences of up to ${sampler.maxLength} tokens. Ctrl-C ends the server.`);
      const progress = new ServingProgress(
        () => servedCounts(server),
        () => performance.now(),
      );
      const stopShowing = showServing(progress, reporter.status());
      try {
        await untilStopped(signal);
      } finally {
        stopShowing();
        await server.close();
        reporter.say(progress.summary());
      }
    } finally {
      sampler.dispose();
    }
  } finally {
    model.dispose();
  }
}
