import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { corpus, createTokenizer, describeTokenizer, TINY_SPLIT, trainBpe } from "@retool-ts/data";
import { readTrajectories, type TrajectoryRecord } from "@retool-ts/runs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { QUIET, quietShell } from "../../test/quiet-shell.js";
import { serveModel } from "../commands/serve-run.js";
import { loadConfig } from "../config/load-config.js";
import { withRun } from "../recipe/session.js";
import { runSft } from "../recipe/stages.js";
import { setUpModel } from "../setup/model-setup.js";
import { saveModelFolder } from "../setup/save-model.js";
import { evaluateCheckpoint } from "./evaluate-checkpoint.js";
import { evaluateEndpoint } from "./evaluate-endpoint.js";

/** A chat template of the Hermes kind that costs few tokens. */
const TEMPLATE = `{%- for tool in tools or [] -%}{{- tool.function.name ~ "\\n" -}}{%- endfor -%}
{%- for turn in messages -%}
{%- if turn.role == "tool" -%}{{- "<|im_start|>user\\n<tool_response>\\n" ~ turn.content ~ "\\n</tool_response><|im_end|>\\n" -}}
{%- else -%}{{- "<|im_start|>" ~ turn.role ~ "\\n" ~ turn.content -}}
{%- for call in turn.tool_calls or [] -%}
{{- ("\\n" if turn.content else "") ~ '<tool_call>\\n{"name": "' ~ call.function.name ~ '", "arguments": ' ~ (call.function.arguments | tojson) ~ "}\\n</tool_call>" -}}
{%- endfor -%}
{{- "<|im_end|>\\n" -}}{%- endif -%}{%- endfor -%}
{%- if add_generation_prompt -%}{{- "<|im_start|>assistant\\n" -}}{%- endif -%}`;
const SPECIAL = ["<|im_end|>", "<|im_start|>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"];

let folder: string;
let run: string;
const stop = new AbortController();
let serving: Promise<void>;
let endpoint: string;

/** A model with random weights and Hermes' tokens, taught for a moment to call its interpreter. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-served-"));
  const base = join(folder, "base");
  run = join(folder, "run");
  const small = [
    "backend=wasm",
    "tokenizer.vocabSize=600",
    "model={hiddenSize: 64, intermediateSize: 128, layers: 2, heads: 2, kvHeads: 2}",
  ];
  const model = await setUpModel(await loadConfig({ preset: "smoke", set: small }));
  const calls = corpus(300).flatMap((text) => [
    text,
    `{"name": "code_interpreter", "arguments": {"code": ${JSON.stringify(text)}}}`,
    `\\boxed{${text.length}}`,
  ]);
  const files = trainBpe(calls, { vocabSize: model.tokenizer.vocabSize, splitPattern: TINY_SPLIT, specialTokens: SPECIAL });
  const config = { ...files.config, eos_token: SPECIAL[0]!, pad_token: SPECIAL[0]!, chat_template: TEMPLATE };
  await saveModelFolder(base, { ...model, ...describeTokenizer(createTokenizer({ ...files, config })) });
  model.dispose();
  const stage = "{name: clean, mixture: clean, steps: 150, batchSize: 8, learningRate: {peak: 0.005}}";
  const set = [
    "backend=wasm",
    "dialect.name=hermes",
    'prompt.template="{question}"',
    `sft.stages=[${stage}]`,
    "budgets.maxResponseTokens=160",
    `model.from=${base}`,
  ];
  const taught = await loadConfig({ preset: "smoke", set });
  await withRun(
    { path: run, resume: false, config: taught, resumeWith: "again", reporter: QUIET, signal: stop.signal },
    async (context, state) => {
      if (state.phase === "sft") await runSft(context, state);
    },
  );
  let shell = quietShell();
  const address = new Promise<string>((resolve) => (shell = quietShell({ signal: stop.signal, print: resolve })));
  const limits = { maxSequences: 8, queueLimit: 64, maxBodyBytes: 2 ** 20, timeout: 60, prefixCache: true };
  serving = serveModel({ model: run, host: "127.0.0.1", port: 0, set: [], ...limits }, shell);
  endpoint = (await Promise.race([serving, address]))!;
}, 240_000);
afterAll(async () => {
  stop.abort();
  await serving;
  await rm(folder, { recursive: true });
});

const common = { json: true, limit: 20, samples: 2 };

interface Asked {
  readonly temperature: number;
  readonly set?: readonly string[];
}

/** What a command printed, and the rollouts that it kept. */
async function outcome(output: string, printed: readonly string[]) {
  const figures = JSON.parse(printed[0]!) as Record<string, unknown>;
  return { figures, records: await readTrajectories(join(output, "trajectories/eval.jsonl.gz")) };
}

async function inProcess(name: string, { temperature, set = [] }: Asked) {
  const shell = quietShell();
  const output = join(folder, `own-${name}`);
  await evaluateCheckpoint({ ...common, model: run, set, temperature, output }, shell);
  return outcome(output, shell.printed);
}

async function throughServer(name: string, { temperature, set = [] }: Asked) {
  const shell = quietShell();
  const output = join(folder, `served-${name}`);
  const patience = { apiKeyEnv: "NO_SUCH_KEY", concurrency: 4, retries: 0, retryDelayMs: 1, timeoutS: 60 };
  const config = join(run, "config.yaml");
  await evaluateEndpoint({ ...common, ...patience, config, endpoint, model: "run", set, temperature, output }, shell);
  return outcome(output, shell.printed);
}

/** All of a record but its texts, which a server does not tell in full, and places of calls in them. */
const outline = ({ segments, toolCalls, ...record }: TrajectoryRecord & { readonly usage?: unknown }) => ({
  ...record,
  usage: undefined,
  segments: segments.map(({ kind, tokens }) => [kind, tokens]),
  calls: toolCalls.map(({ start: __, ...call }) => call),
});

test.each([
  ["in full", 160, 256],
  ["with tool output cut", 160, 1],
  ["with a budget that ends many", 55, 256],
  ["with a budget that ends most before their answer", 40, 256],
])("a checkpoint through its server gives the same rollouts and figures as in this process: greedy, %s", async (name, tokens, chars) => {
  const set = [`budgets.maxResponseTokens=${tokens}`, `budgets.maxToolOutputChars=${chars}`];
  const [own, served] = [await inProcess(name, { temperature: 0, set }), await throughServer(name, { temperature: 0, set })];
  expect(own.records.filter(({ toolCalls }) => toolCalls.length > 0).length).toBeGreaterThan(10);
  expect(served.records.map(outline)).toEqual(own.records.map(outline));
  const { checkpoint: _, ...figures } = own.figures;
  expect(served.figures).toMatchObject(figures);
});

test.each([
  ["in full", 160, 256],
  ["with tool output cut, and a budget that ends many", 55, 1],
])("sampled, the same seed gives the same rollouts and figures through the server as in this process: %s", async (name, tokens, chars) => {
  const set = [`budgets.maxResponseTokens=${tokens}`, `budgets.maxToolOutputChars=${chars}`];
  const asked = { temperature: 1, set };
  const [own, served] = [await inProcess(`sampled ${name}`, asked), await throughServer(`sampled ${name}`, asked)];
  expect(own.records.filter(({ toolCalls }) => toolCalls.length > 0).length).toBeGreaterThan(5);
  expect(served.records.map(outline)).toEqual(own.records.map(outline));
  const { checkpoint: _, ...figures } = own.figures;
  expect(served.figures).toMatchObject(figures);
});

test("sampled, another seed gives others, and the same seed the same again", async () => {
  const first = await throughServer("first", { temperature: 1 });
  const again = await throughServer("again", { temperature: 1 });
  expect(again.records).toEqual(first.records);
  const others = await throughServer("others", { temperature: 1, set: ["seed=2"] });
  expect(others.records.map(outline)).not.toEqual(first.records.map(outline));
});
