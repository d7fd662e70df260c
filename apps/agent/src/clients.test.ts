import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { type AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool as langchainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import type { OpenAIServer, RecordedRollout } from "@retool-ts/serve";
import { generateText, stepCountIs, streamText, tool, ToolLoopAgent } from "ai";
import OpenAI from "openai";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { call, scriptedServer, type ScriptedSampler } from "../../../packages/serve/test/scripted-model.js";

const servers: OpenAIServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

/** The policy looks up two keys at once, then one more, then says their sum. */
const turns = [
  `I look.\n${call("lookup", { key: "a" })}\n${call("lookup", { key: "b" })}`,
  ` ${call("lookup", { key: "ü" })}`,
  " The sum is 6. ",
];
const VALUES: Readonly<Record<string, string>> = { a: "1", b: "2", ü: "3" };

interface Bench {
  readonly server: OpenAIServer;
  readonly sampler: ScriptedSampler;
  readonly rollout: RecordedRollout;
  readonly baseURL: string;
}

async function open(token?: string): Promise<Bench> {
  let call = 0;
  const { server, sampler } = await scriptedServer(() => turns[call++ % turns.length]!, token === undefined ? {} : { token });
  servers.push(server);
  const rollout = server.openRollout({ problemId: "p", sampleIndex: 0, seed: 1, step: 0 });
  return { server, sampler, rollout, baseURL: rollout.baseURL };
}

/** The one trajectory holds what was sampled, token by token and log-probability by log-probability. */
function expectExact({ rollout, sampler }: Bench): void {
  const trajectories = rollout.trajectories();
  expect(trajectories).toHaveLength(1);
  expect(rollout.stats).toMatchObject({ requests: 3, branches: 0, editedTurns: 0, unkeptTurns: 0 });
  const { tokenIds, lossMask, logProbs } = trajectories[0]!;
  const own = (values: Int32Array | Float32Array) => [...values].filter((_, t) => lossMask[t] === 1);
  expect(own(tokenIds)).toEqual(sampler.decoded.flatMap(({ turn }) => turn.tokenIds));
  expect(own(logProbs)).toEqual([...Float32Array.from(sampler.decoded.flatMap(({ turn }) => turn.logProbs))]);
  for (const { promptIds } of sampler.decoded) expect([...tokenIds.subarray(0, promptIds.length)]).toEqual(promptIds);
}

const lookup = {
  type: "function",
  function: { name: "lookup", description: "Looks up a key.", parameters: { type: "object", properties: { key: { type: "string" } } } },
} as const;

describe("the openai client", () => {
  const loop = async ({ baseURL }: Bench, stream: boolean): Promise<string> => {
    const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Sum?" }];
    for (;;) {
      const request = { model: "scripted", messages, tools: [lookup] };
      const message = stream
        ? await client.chat.completions.stream({ ...request, stream: true }).finalMessage()
        : (await client.chat.completions.create(request)).choices[0]!.message;
      messages.push(message);
      for (const each of message.tool_calls ?? []) {
        if (each.type !== "function") continue;
        const { key } = JSON.parse(each.function.arguments) as { key: string };
        messages.push({ role: "tool", tool_call_id: each.id, content: VALUES[key]! });
      }
      if ((message.tool_calls ?? []).length === 0) return message.content!;
    }
  };

  test.each([
    ["whole", false],
    ["streamed", true],
  ])("loops with parallel tools, %s, and every token is recorded as sampled", async (_, stream) => {
    const bench = await open();
    expect((await loop(bench, stream)).trim()).toBe("The sum is 6.");
    expectExact(bench);
  });

  test("n, logprobs, usage, models, completions of ids, and errors as the client knows them", async () => {
    const { server } = await open("key");
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "key", maxRetries: 0 });
    const messages = [{ role: "user", content: "Hi" }] as const;
    const { choices, usage } = await client.chat.completions.create({ model: "m", messages: [...messages], n: 2, logprobs: true, seed: 1 });
    expect(choices).toHaveLength(2);
    expect(choices[0]!.logprobs!.content!.length).toBeGreaterThan(3);
    expect(usage!.completion_tokens).toBeGreaterThan(6);
    const stream = await client.chat.completions.create({
      model: "m",
      messages: [...messages],
      stream: true,
      stream_options: { include_usage: true },
    });
    let last: OpenAI.ChatCompletionChunk | undefined;
    for await (const chunk of stream) last = chunk;
    expect(last!.usage!.total_tokens).toBeGreaterThan(6);
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(["scripted"]);
    expect((await client.completions.create({ model: "m", prompt: [5, 6, 7], max_tokens: 3 })).choices[0]!.finish_reason).toBe("length");
    const refused = client.chat.completions.create({ model: "m", messages: [...messages], response_format: { type: "json_object" } });
    await expect(refused).rejects.toMatchObject({ status: 400, param: "response_format", code: "unsupported_parameter" });
    await expect(new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "wrong", maxRetries: 0 }).models.list()).rejects.toBeInstanceOf(
      OpenAI.AuthenticationError,
    );
  });

  test("an abort in mid-stream ends the decode and records nothing", async () => {
    const { server, sampler } = await scriptedServer(() => "word ".repeat(2_000));
    servers.push(server);
    const rollout = server.openRollout({ problemId: "p", sampleIndex: 0, seed: 1, step: 0 });
    const client = new OpenAI({ baseURL: rollout.baseURL, apiKey: "none", maxRetries: 0 });
    const stream = await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "Hi" }], stream: true });
    let chunks = 0;
    for await (const _ of stream) if (++chunks === 5) break;
    while (sampler.open_.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sampler.decoded.map(({ turn }) => turn.finish)).toEqual(["aborted"]);
    expect(rollout.turns).toBe(0);
  });
});

describe("the AI SDK", () => {
  const tools = { lookup: tool({ description: "Looks up a key.", inputSchema: z.object({ key: z.string() }), execute: ({ key }) => Promise.resolve(VALUES[key]!) }) }; // prettier-ignore
  const model = ({ baseURL }: Pick<Bench, "baseURL">) => createOpenAICompatible({ name: "retool", baseURL, apiKey: "none", includeUsage: true })("scripted"); // prettier-ignore

  test("generateText", async () => {
    const bench = await open();
    const { text, steps, totalUsage } = await generateText({
      model: model(bench),
      tools,
      prompt: "Sum?",
      stopWhen: stepCountIs(5),
      maxRetries: 0,
    });
    expect([text.trim(), steps.length]).toEqual(["The sum is 6.", 3]);
    expect(totalUsage.outputTokens).toBe(bench.sampler.decoded.flatMap(({ turn }) => turn.tokenIds).length);
    expectExact(bench);
  });

  test("streamText", async () => {
    const bench = await open();
    const result = streamText({ model: model(bench), tools, prompt: "Sum?", stopWhen: stepCountIs(5), maxRetries: 0 });
    let text = "";
    for await (const part of result.textStream) text += part;
    expect(text).toContain("The sum is 6.");
    expectExact(bench);
  });

  test("ToolLoopAgent", async () => {
    const bench = await open();
    const agent = new ToolLoopAgent({ model: model(bench), tools, maxRetries: 0 });
    expect((await agent.generate({ prompt: "Sum?" })).text.trim()).toBe("The sum is 6.");
    expectExact(bench);
  });

  test("an abort in mid-stream", async () => {
    const { server, sampler } = await scriptedServer(() => "word ".repeat(2_000));
    servers.push(server);
    const gone = new AbortController();
    const { textStream } = streamText({
      model: model({ baseURL: `${server.url}/v1` }),
      prompt: "Hi",
      abortSignal: gone.signal,
      maxRetries: 0,
    });
    for await (const _ of textStream) gone.abort();
    while (sampler.open_.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sampler.decoded.map(({ turn }) => turn.finish)).toEqual(["aborted"]);
  });
});

describe("LangChain's ChatOpenAI", () => {
  const find = langchainTool(({ key }: { key: string }) => VALUES[key]!, { name: "lookup", description: "Looks up a key.", schema: z.object({ key: z.string() }) }); // prettier-ignore

  test.each([
    ["whole", false],
    ["streamed", true],
  ])("loops with tools, %s", async (_, streaming) => {
    const bench = await open();
    const model = new ChatOpenAI({ model: "scripted", apiKey: "none", configuration: { baseURL: bench.baseURL }, maxRetries: 0 }).bindTools([find]); // prettier-ignore
    const streamed = async (): Promise<AIMessageChunk> => {
      let whole: AIMessageChunk | undefined;
      for await (const chunk of await model.stream(messages)) whole = whole === undefined ? chunk : whole.concat(chunk);
      return whole!;
    };
    const messages: BaseMessage[] = [new HumanMessage("Sum?")];
    for (;;) {
      const reply = streaming ? await streamed() : await model.invoke(messages);
      messages.push(reply);
      for (const { id, args } of reply.tool_calls ?? [])
        messages.push(new ToolMessage({ tool_call_id: id!, content: VALUES[args["key"] as string]! }));
      if ((reply.tool_calls ?? []).length > 0) continue;
      expect(reply.text.trim()).toBe("The sum is 6.");
      break;
    }
    expectExact(bench);
  });
});
