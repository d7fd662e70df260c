import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { InputError } from "@retool-ts/core";
import { parameterCount, type Parameters } from "@retool-ts/policy";
import { chooseBackend, isAdapterFolder, loadModel, readModelConfig, usableThreads, type BackendName } from "@retool-ts/policy/node";
import { localBase, openTinkerServer, type ServedBase } from "@retool-ts/tinker-server";
import { resolveCheckpoint } from "../setup/checkpoint-source.js";
import { readModelTokenizer } from "../setup/model-files.js";
import type { CliContext } from "../shell/cli-context.js";
import { untilStopped } from "../shell/until-stopped.js";

/** Options of `retool engine serve`. */
export interface ServeEngineOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly state: string;
  readonly backend: BackendName | "auto";
  readonly maxModels: number;
  readonly maxRank: number;
  readonly maxSequences: number;
  readonly maxOutstanding: number;
  readonly maxTokensPerPass: number;
  readonly maxBodyBytes: number;
  readonly sessionTimeout: number;
  readonly gradientCheckpointing?: boolean;
}

/** Serves models until the first Ctrl-C or SIGTERM. What is undone then goes on when the same state is served again. */
export async function serveEngine(
  models: readonly string[],
  options: ServeEngineOptions,
  { print, reporter, signal }: Pick<CliContext, "print" | "reporter" | "signal">,
): Promise<void> {
  const { host, port, maxModels, maxSequences, maxOutstanding, maxBodyBytes, sessionTimeout } = options;
  const token = options.token ?? process.env["RETOOL_ENGINE_TOKEN"];
  const loaded: Parameters[] = [];
  try {
    const bases: ServedBase[] = [];
    for (const model of models) {
      const { base, parameters } = await openBase(model, options, { reporter, signal });
      loaded.push(parameters);
      bases.push(base);
      reporter.say(
        `${base.name}: ${base.model.parameters.toLocaleString("en-US")} parameters, sequences of up to ${base.model.maxPositions} tokens`,
      );
    }
    const server = await openTinkerServer({
      bases,
      folder: resolve(options.state),
      host,
      port,
      ...(token !== undefined && token !== "" && { token }),
      maxModels,
      maxSequences,
      maxOutstanding,
      maxBodyBytes,
      sessionTimeoutMs: 1000 * sessionTimeout,
      onFault: (error) => reporter.say(`fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    });
    print(server.url);
    reporter.say(`State is kept in ${options.state}. Ctrl-C ends the server; what is undone goes on when it is served again.`);
    try {
      await untilStopped(signal);
    } finally {
      await server.close();
    }
  } finally {
    for (const parameters of loaded) parameters.dispose();
  }
}

async function openBase(text: string, options: ServeEngineOptions, context: Pick<CliContext, "reporter" | "signal">) {
  const [, named, source] = /^(?:([^=]+)=)?(.+)$/.exec(text)!;
  const folder = await resolveCheckpoint(source!, context);
  if (await isAdapterFolder(folder)) {
    const problem = {
      what: "model",
      where: source!,
      expected: "a base model, on which clients train adapters of their own",
      found: "an adapter",
    };
    throw new InputError({ ...problem, fix: "serve the model that it stands on, or merge it with `retool export`" });
  }
  const { tokenizer, eosTokenIds, unusedTokenIds } = await readModelTokenizer(folder);
  await chooseBackend(options.backend, parameterCount(await readModelConfig(folder)), { threads: usableThreads() });
  const parameters = await loadModel(folder);
  const isFolder = (await stat(folder)).isDirectory();
  const base = localBase(parameters, {
    name: named ?? source!,
    tokenizerId: isFolder ? resolve(folder) : source!,
    vocabSize: Math.min(tokenizer.vocabSize, parameters.config.vocabSize),
    unusedTokenIds,
    eosTokenIds,
    textStream: () => tokenizer.streamDecoder(),
    maxTokensPerPass: options.maxTokensPerPass,
    maxRank: options.maxRank,
    gradientCheckpointing: options.gradientCheckpointing === true,
  });
  return { base, parameters };
}
