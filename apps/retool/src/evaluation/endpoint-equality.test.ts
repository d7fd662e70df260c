import { join } from "node:path";
import { corpus, createTokenizer, describeTokenizer, TINY_SPLIT, trainBpe } from "@retool-ts/data";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load-config.js";
import { setUpModel } from "../setup/model-setup.js";
import { saveModelFolder } from "../setup/save-model.js";
import { outline, serveTaughtRun, type ServedRun } from "./served-run.test-support.js";

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

const STAGE = "{name: clean, mixture: clean, steps: 150, batchSize: 8, learningRate: {peak: 0.005}}";

/** A folder with random weights and a tokenizer of its own, which has a token for the end of a turn. */
async function baseWith(
  folder: string,
  { specialTokens, chatTemplate }: { readonly specialTokens: string[]; readonly chatTemplate?: string },
) {
  const base = join(folder, "base");
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
  const files = trainBpe(calls, { vocabSize: model.tokenizer.vocabSize, splitPattern: TINY_SPLIT, specialTokens });
  const ends = { eos_token: specialTokens[0]!, pad_token: specialTokens[0]! };
  const config = { ...files.config, ...ends, ...(chatTemplate !== undefined && { chat_template: chatTemplate }) };
  await saveModelFolder(base, { ...model, ...describeTokenizer(createTokenizer({ ...files, config })) });
  model.dispose();
  return base;
}

/** A model with Hermes' tokens, to be taught to call its interpreter. */
async function hermesRun(folder: string): Promise<readonly string[]> {
  return [
    "backend=wasm",
    "dialect.name=hermes",
    'prompt.template="{question}"',
    `sft.stages=[${STAGE}]`,
    "budgets.maxResponseTokens=160",
    `model.from=${await baseWith(folder, { specialTokens: SPECIAL, chatTemplate: TEMPLATE })}`,
  ];
}

/** A model that ends its turns with a token behind the paper's tags. */
async function tagsWithEnd(folder: string): Promise<readonly string[]> {
  const specialTokens = ["<|end|>", "<code>", "</code>", "<interpreter>", "</interpreter>", "<answer>", "</answer>"];
  return [
    "backend=wasm",
    `sft.stages=[${STAGE}]`,
    "budgets.maxResponseTokens=160",
    `model.from=${await baseWith(folder, { specialTokens })}`,
  ];
}

/** A model that writes the paper's tags inside one turn of its chat template, behind a system message. */
async function tagsInChat(folder: string): Promise<readonly string[]> {
  const specialTokens = ["<|im_end|>", "<|im_start|>", "<code>", "</code>", "<interpreter>", "</interpreter>", "<answer>", "</answer>"];
  return [
    "backend=wasm",
    "dialect.name=xml",
    'prompt.template="Q: {question}"',
    "prompt.system=Answer.",
    `sft.stages=[${STAGE}]`,
    "budgets.maxResponseTokens=160",
    `model.from=${await baseWith(folder, { specialTokens, chatTemplate: TEMPLATE })}`,
  ];
}

/** Settings of the quickstart's kind of model: the paper's tags, and a question alone on its line. */
const TAGS = [
  "backend=wasm",
  "model={hiddenSize: 64, intermediateSize: 128, layers: 2, heads: 2, kvHeads: 2}",
  `sft.stages=[${STAGE}]`,
  "budgets.maxResponseTokens=160",
];

describe.each([
  ["Hermes' calls", hermesRun],
  ["the paper's tags", () => Promise.resolve(TAGS)],
  ["the paper's tags and an end of turn", tagsWithEnd],
  ["the paper's tags in a chat template", tagsInChat],
  [
    "tags around other words",
    () =>
      Promise.resolve([
        ...TAGS,
        'prompt.template="Q: {question} A:"',
        'dialect={resultOpen: "<interpreter>", resultClose: "</interpreter>"}',
      ]),
  ],
] as const)("a model with %s", (_, settings) => {
  let run: ServedRun;
  beforeAll(async () => void (run = await serveTaughtRun(settings)), 240_000);
  afterAll(() => run.close());

  test.each([
    ["in full", 160, 256],
    ["with tool output cut", 160, 1],
    ["with a budget that ends many", 55, 256],
    ["with a budget that ends most before their answer", 40, 256],
  ])("a checkpoint through its server gives the same rollouts and figures as in this process: greedy, %s", async (name, tokens, chars) => {
    const set = [`budgets.maxResponseTokens=${tokens}`, `budgets.maxToolOutputChars=${chars}`];
    const [own, served] = [await run.inProcess(name, { temperature: 0, set }), await run.throughServer(name, { temperature: 0, set })];
    expect(own.records.filter(({ toolCalls }) => toolCalls.length > 0).length).toBeGreaterThan(10);
    expect(served.records.map(outline)).toEqual(own.records.map(outline));
    const { checkpoint: _, ...figures } = own.figures;
    expect(served.figures).toMatchObject(figures);
  });

  test.each([
    ["in full", 160, 256],
    ["with tool output cut, and a budget that ends many", 55, 1],
  ])(
    "sampled, the same seed gives the same rollouts and figures through the server as in this process: %s",
    async (name, tokens, chars) => {
      const set = [`budgets.maxResponseTokens=${tokens}`, `budgets.maxToolOutputChars=${chars}`];
      const asked = { temperature: 1, set };
      const [own, served] = [await run.inProcess(`sampled ${name}`, asked), await run.throughServer(`sampled ${name}`, asked)];
      expect(own.records.filter(({ toolCalls }) => toolCalls.length > 0).length).toBeGreaterThan(5);
      expect(served.records.map(outline)).toEqual(own.records.map(outline));
      const { checkpoint: _, ...figures } = own.figures;
      expect(served.figures).toMatchObject(figures);
    },
  );

  test("sampled, another seed gives others, and the same seed the same again", async () => {
    const first = await run.throughServer("first", { temperature: 1 });
    const again = await run.throughServer("again", { temperature: 1 });
    expect(again.records).toEqual(first.records);
    const others = await run.throughServer("others", { temperature: 1, set: ["seed=2"] });
    expect(others.records.map(outline)).not.toEqual(first.records.map(outline));
  });

  test("retool chat --endpoint asks it in the same way", async () => {
    const { records } = await run.inProcess("for chat", { temperature: 0 });
    const called = records.find(({ toolCalls, stopReason }) => toolCalls.length > 0 && stopReason === "answered")!;
    const printed = (await run.chat(called.question)).join("\n");
    for (const { result } of called.toolCalls) expect(printed).toContain(result);
    expect(printed).toContain(called.segments.at(-1)!.text.replace(/<\|[a-z_]+\|>$/, ""));
  });
});
