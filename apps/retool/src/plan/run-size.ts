import { existsSync } from "node:fs";
import { describeTokenizer, type ModelTokenizer, type Problem } from "@retool-ts/data";
import type { LoraOptions, ModelConfig } from "@retool-ts/policy";
import { readAdapterOptions, readModelConfig } from "@retool-ts/policy/node";
import { codeInterpreter } from "@retool-ts/rollout";
import type { RecipeParts } from "../config/recipe-parts.js";
import type { ProblemSourceConfig } from "../config/problem-source-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { toolSchemas } from "../setup/dialect-setup.js";
import { type HubContext, localModelConfig } from "../setup/hub-files.js";
import { readModelTokenizer } from "../setup/model-files.js";
import { readShape } from "../setup/model-shape.js";
import { findAdapter, newModelConfig, trainTokenizer } from "../setup/model-setup.js";
import { heldOutProblems } from "../setup/held-out-problems.js";
import { trainingProblems, validationCount } from "../setup/problem-source.js";
import { promptEncoder } from "../setup/prompt.js";

/** Prompts that are encoded for the longest one; where training has more, the longest is one of the first so many. */
const PROMPTS_READ = 1_000;

/** The sizes that a run's need of memory and time follows from: those of its own model, tokenizer and problems. */
export interface RunSize {
  readonly shape: ModelConfig;
  /** Absent: all weights are trained. */
  readonly lora?: Pick<LoraOptions, "rank" | "modules">;
  /** Tokens of the longest prompt. */
  readonly promptTokens: number;
  /** Prompts that this is the longest of; 0 = it is a limit, and no prompt was read. */
  readonly promptsRead: number;
  /** Prompts among these that leave no room for a response in the model's longest sequence. */
  readonly promptsTooLong: number;
  readonly testProblems: number;
  /** Problems of each evaluation along the run. */
  readonly validationProblems: number;
}

/** Longest prompt that is assumed where none can be read: verl's limit. */
const PROMPT_LIMIT = 2_048;

/** The size of a run of a model that is not here, by the limits of its config. */
export function publishedSize(shape: ModelConfig, config: RecipeConfig): RunSize {
  const { model, eval: { problems } } = config; // prettier-ignore
  return {
    shape,
    ...(model.lora && { lora: model.lora }),
    promptTokens: PROMPT_LIMIT,
    promptsRead: 0,
    promptsTooLong: 0,
    testProblems: problems,
    validationProblems: validationCount(config),
  };
}

export interface MeasureOptions extends HubContext {
  /** Read datasets of a hub too, which brings them into the cache, and the problems of plugins, which runs their code. */
  readonly download: boolean;
}

/** Measures a run before it begins: without its weights, with everything else as the run will have it. */
export async function measureRun(config: RecipeConfig, parts: RecipeParts, { download, ...context }: MeasureOptions): Promise<RunSize> {
  const { base, adapter } = await findAdapter(config.model.from === null ? null : await localModelConfig(config.model.from, context));
  const tokenizer = base === null ? describeTokenizer(await trainTokenizer(config)) : await readModelTokenizer(adapter ?? base);
  const shape =
    base === null
      ? newModelConfig(config, tokenizer.tokenizer.vocabSize)
      : await (config.engine.kind === "local" ? readModelConfig(base) : readShape(base));
  const lora = adapter === null ? config.model.lora : await readAdapterOptions(adapter);
  const size = { ...publishedSize(shape, config), ...(lora && { lora }) };
  const { train, test } = config.data;
  const canRead = (source: ProblemSourceConfig) => {
    if (source.kind === "generated") return true;
    return source.kind === "plugin" || source.path.startsWith("hub:") ? download : existsSync(source.path);
  };
  if (!canRead(test)) return size;
  const heldOut = await heldOutProblems(config, config.eval.problems, context);
  const validated = config.data.validation === "test" && { validationProblems: Math.min(heldOut.length, size.validationProblems) };
  const problems = parts.rl && canRead(train) ? [...heldOut, ...(await firstProblems(config, context))] : heldOut;
  return { ...size, ...(await longestPrompt(config, tokenizer, problems, shape.maxPositions)), testProblems: heldOut.length, ...validated };
}

/** The first problems that training will draw of generated ones, or the first of its file. */
async function firstProblems(config: RecipeConfig, context: HubContext): Promise<Problem[]> {
  const { data, train } = config;
  if (data.train.kind === "file") return heldOutProblems({ ...config, data: { ...data, test: data.train } }, PROMPTS_READ, context);
  const source = await trainingProblems(config);
  return Array.from({ length: Math.min(PROMPTS_READ, train.steps * train.promptsPerStep) }, (_, index) => source.problem(index));
}

/** Tools of plugins are not opened for this, so a chat template that lists them makes longer prompts. */
async function longestPrompt(
  config: RecipeConfig,
  { tokenizer, chatTemplate }: ModelTokenizer,
  problems: readonly Problem[],
  maxPositions: number,
) {
  const neverRun = codeInterpreter({ run: () => Promise.reject(new Error("a plan runs no code")) });
  const encode = await promptEncoder(config, { tokenizer, chatTemplate, toolSchemas: toolSchemas([neverRun]) });
  const lengths = problems.map(({ question }) => encode(question).length);
  return {
    promptTokens: lengths.reduce((longest, length) => Math.max(longest, length), 0),
    promptsRead: problems.length,
    promptsTooLong: lengths.filter((length) => length >= maxPositions).length,
  };
}
