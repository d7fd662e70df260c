import { createInterface } from "node:readline/promises";
import { runAgent, withListener } from "@retool-ts/rollout";
import { checkpointConfig, resolveCheckpoint } from "../setup/checkpoint-source.js";
import type { CliContext } from "../shell/cli-context.js";
import { withOptions } from "../evaluation/eval-options.js";
import { agentOptions, type Environment } from "@retool-ts/evaluate";
import { createEnvironment } from "../setup/create-environment.js";
import { setUpModel, type LoadedModel } from "../setup/model-setup.js";
import type { PresetName } from "../config/presets.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { ChatText } from "./chat-text.js";

export interface ChatOptions {
  readonly model: string;
  readonly question?: string;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly config?: string;
  readonly preset?: PresetName;
  readonly set: readonly string[];
  readonly plugin?: readonly string[];
}

/** Answers questions with a checkpoint, streaming what it writes and what the sandbox returns. Each question starts afresh. */
export async function chat(options: ChatOptions, { print, reporter, signal }: CliContext): Promise<void> {
  const folder = await resolveCheckpoint(options.model, { reporter, signal });
  const { temperature, topP } = options;
  const config = withOptions(await checkpointConfig(folder, options), { temperature, topP, topK: 0 });
  const model = await setUpModel(config, folder);
  try {
    const environment = await createEnvironment(config, model);
    try {
      if (options.question !== undefined) {
        await answer(options.question, 0, options, config, model, environment, signal);
        print("");
        return;
      }
      reporter.say(`${folder}: ask a question; an empty line or Ctrl-D ends.`);
      await eachQuestion(signal, async (question, asked) => {
        await answer(question, asked, options, config, model, environment, signal);
        print("");
      });
    } finally {
      await environment.close();
    }
  } finally {
    model.dispose();
  }
}

/** Reads questions from standard input, each answered before the next is asked for, up to an empty line. */
export async function eachQuestion(signal: AbortSignal, onQuestion: (question: string, asked: number) => Promise<void>): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: "> " });
  signal.addEventListener("abort", () => lines.close(), { once: true });
  lines.prompt();
  let asked = 0;
  for await (const line of lines) {
    if (line.trim() === "") break;
    await onQuestion(line.trim(), asked++);
    lines.prompt();
  }
  lines.close();
}

async function answer(
  question: string,
  index: number,
  { seed }: ChatOptions,
  config: RecipeConfig,
  model: LoadedModel,
  environment: Environment,
  signal: AbortSignal,
): Promise<void> {
  const promptIds = environment.encodePrompt(question);
  const text = new ChatText(model.tokenizer, (part) => process.stdout.write(part));
  const sampler = await model.engine.sampler({
    maxSequences: 1,
    maxLength: Math.min(model.engine.model.maxPositions, promptIds.length + config.budgets.maxResponseTokens + 1),
    vocabSize: model.tokenizer.vocabSize,
    unusedTokenIds: model.unusedTokenIds,
    textStream: () => model.tokenizer.streamDecoder(),
  });
  try {
    const sequence = sampler.open(promptIds);
    const shown = withListener(sampler, { onToken: (id) => text.token(id), onExtend: (ids) => text.toolOutput(ids) });
    const shared = agentOptions(environment, model, { seed, sampling: config.eval.sampling, signal });
    const { stopReason } = await runAgent(
      sequence,
      promptIds,
      { step: 0, problemId: `chat-${index}`, sampleIndex: 0 },
      { ...shared, sampler: shown },
    );
    text.end(stopReason === "answered" || stopReason === "eos" ? "" : `  [${stopReason}]`);
  } finally {
    sampler.dispose();
  }
}
