import { existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { TokenLoss } from "@retool-ts/algorithms";
import { InputError } from "@retool-ts/core";
import type { Engine } from "@retool-ts/engine";
import { parameterCount } from "@retool-ts/policy";
import { writeFileAtomic } from "@retool-ts/runs";
import { probeServer, type ServerReport, type TinkerClient, TinkerEngine } from "@retool-ts/tinker";
import type { TinkerEngineConfig } from "../config/engine-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { readModelTokenizer } from "./model-files.js";
import { readShape } from "./model-shape.js";
import type { OpenModelContext, RunModel } from "./run-model.js";
import { tokenizerFiles } from "./save-model.js";
import { connectTinker } from "./tinker-connection.js";
import { DEFAULT_RANK } from "./tinker-rank.js";

type TinkerConfig = RecipeConfig & { readonly engine: TinkerEngineConfig };

/**
 * A policy on a server of the Tinker API. Tokenizer and shape are read from a folder of the base model, or a checkpoint; its weights are the
 * server's.
 */
export async function openTinkerModel(config: TinkerConfig, path: string | null, context: OpenModelContext): Promise<RunModel> {
  const folder = path ?? config.model.from;
  if (folder === null) {
    throw new InputError({
      what: "engine tinker",
      where: "--from",
      expected: "a folder with tokenizer and config.json of the base model",
      found: "none",
      fix: "pass --from with the base model's Hugging Face folder or hub:owner/name; weights need not be in it",
    });
  }
  const described = await readModelTokenizer(folder);
  const shape = await readShape(folder);
  const client = await connectTinker(config.engine, shape.vocabSize, context);
  try {
    const baseModel = config.engine.baseModel ?? onlyModel(client);
    const rank = config.model.lora?.rank ?? DEFAULT_RANK;
    const { vocabSize, maxPositions } = shape;
    const eosTokenId = described.eosTokenIds[0];
    const report = knownReport(context.engineFacts, client.baseUrl, baseModel) ?? (await probe());
    async function probe(): Promise<ServerReport> {
      context.reporter.say(`asking ${client.baseUrl} what it means by its requests`);
      return probeServer(client, {
        baseModel,
        vocabSize,
        maxPositions,
        rank,
        signal: context.signal,
        ...(eosTokenId !== undefined && { eosTokenId }),
      });
    }
    const engine = await TinkerEngine.create({
      client,
      baseModel,
      rank,
      model: { vocabSize, maxPositions, parameters: parameterCount(shape) },
      optimizer: config.optimizer,
      semantics: report.semantics,
      seed: config.seed,
      say: (text) => context.reporter.say(text),
      signal: context.signal,
    });
    if (existsSync(join(folder, "tinker.json"))) await engine.loadState(folder);
    tellAlpha(config, report, context);
    return {
      ...described,
      engine: engine satisfies Engine as Engine<TokenLoss>,
      backend: "tinker",
      backendReason: `${client.baseUrl}, ${baseModel}, adapter of rank ${rank}`,
      base: folder,
      engineFacts: { ...report },
      async saveCheckpoint(target) {
        for (const [name, text] of Object.entries(tokenizerFiles(described))) await writeFileAtomic(join(target, name), text);
        await copyFile(join(folder, "config.json"), join(target, "config.json"));
        await engine.saveState(target);
      },
      async openReference() {
        const reference = config.train.kl?.reference ?? null;
        if (reference === null) return undefined;
        throw new InputError({
          what: "engine tinker",
          where: "train.kl.reference",
          expected: "null: the policy that the run begins with",
          found: reference,
          fix: "leave it out",
        });
      },
      async close() {
        await engine.close();
        await client.close();
      },
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

function onlyModel(client: TinkerClient): string {
  const [first, ...others] = client.modelNames;
  if (first !== undefined && others.length === 0) return first;
  throw new InputError({
    what: "engine tinker",
    where: "--base-model",
    expected: "one of the server's models",
    found: first === undefined ? "none, and a server that names none" : `none, and ${client.modelNames.length} on the server`,
    fix: first === undefined ? "pass --base-model with the server's name of it" : `pass --base-model ${client.modelNames.join(" or ")}`,
  });
}

/** What a run's manifest knows of this very server and model. */
function knownReport(facts: unknown, baseUrl: string, baseModel: string): ServerReport | undefined {
  const report = facts as ServerReport | undefined;
  return report?.baseUrl === baseUrl && report.baseModel === baseModel ? report : undefined;
}

function tellAlpha({ model: { lora } }: TinkerConfig, { loraAlpha }: ServerReport, { reporter }: OpenModelContext): void {
  if (lora === null || loraAlpha === undefined || loraAlpha === lora.alpha) return;
  reporter.say(`model.lora.alpha ${lora.alpha}: the server's adapters have ${loraAlpha}, which cannot be chosen`);
}
