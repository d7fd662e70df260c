import { renderChat, type ChatMessage } from "@retool-ts/data";
import type { Trajectory } from "@retool-ts/rollout";
import { afterEach, describe, expect, test } from "vitest";
import type { OpenAIServer, RecordedRollout, RolloutOptions } from "../src/index.js";
import { call, END, post, QWEN, scriptedServer, tokenizer, type Script, type ScriptedSampler } from "./scripted-model.js";

const servers: OpenAIServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

const OPTIONS: RolloutOptions = { problemId: "p", sampleIndex: 0, seed: 1, step: 0 };

interface Bench {
  readonly server: OpenAIServer;
  readonly sampler: ScriptedSampler;
  readonly rollout: RecordedRollout;
  /** Sends messages; gives back the reply as a message. */
  ask(messages: readonly object[], more?: object): Promise<ChatMessage & { readonly content: string | null }>;
}

async function open(script: Script, options: Partial<RolloutOptions> = {}): Promise<Bench> {
  const { server, sampler } = await scriptedServer(script);
  servers.push(server);
  const rollout = server.openRollout({ ...OPTIONS, ...options });
  return {
    server,
    sampler,
    rollout,
    async ask(messages, more = {}) {
      const { status, body } = await post(`${rollout.baseURL}/chat/completions`, { messages, ...more });
      expect(status, JSON.stringify(body)).toBe(200);
      return (body as { choices: { message: never }[] }).choices[0]!.message;
    },
  };
}

/** Spans of a trajectory that the policy wrote, as ids and as log-probabilities. */
function ownSpans({ tokenIds, lossMask, logProbs }: Trajectory) {
  const spans: { tokenIds: number[]; logProbs: number[] }[] = [];
  lossMask.forEach((mask, t) => {
    if (mask === 0) return;
    if (t === 0 || lossMask[t - 1] === 0) spans.push({ tokenIds: [], logProbs: [] });
    spans.at(-1)!.tokenIds.push(tokenIds[t]!);
    spans.at(-1)!.logProbs.push(logProbs[t]!);
  });
  return spans;
}

const asSampled = ({ decoded }: ScriptedSampler) =>
  decoded.map(({ turn }) => ({ tokenIds: [...turn.tokenIds], logProbs: [...Float32Array.from(turn.logProbs)] }));

const question = { role: "user", content: "What is in b?" };
const tools = [{ type: "function", function: { name: "lookup", parameters: { type: "object", properties: {} } } }];

describe("a recorded conversation", () => {
  test("is one trajectory with the ids as sampled and mask 1 on them alone, whatever the client makes of the text", async () => {
    const { ask, rollout, sampler } = await open((_, turn) => (turn === 0 ? `Hm. \n${call("lookup", { key: "b", n: 1 })}` : turn === 1 ? " 42 is it. " : "Bye")); // prettier-ignore
    const first = await ask([question], { tools });
    const { id, function: called } = first.tool_calls![0]!;
    // a client that spells the same message in its own way
    const spelled = { role: "assistant", content: [{ type: "text", text: "Hm." }], tool_calls: [{ id, type: "function", function: { name: called.name, arguments: '{ "n": 1, "key": "b" }' } }] }; // prettier-ignore
    const result = { role: "tool", tool_call_id: id, content: "42<|im_end|>" };
    await ask([question, spelled, result], { tools });
    await ask([question, spelled, result, { role: "assistant", content: "42 is it." }, { role: "user", content: "Thanks" }], { tools });
    const [trajectory, ...others] = rollout.trajectories();
    expect(others).toEqual([]);
    expect(ownSpans(trajectory!)).toEqual(asSampled(sampler));
    expect(rollout.stats).toMatchObject({ requests: 3, branches: 0, editedTurns: 0, unkeptTurns: 0 });
    // each prompt that the sampler saw is the trajectory up to there
    for (const { promptIds } of sampler.decoded) expect([...trajectory!.tokenIds].slice(0, promptIds.length)).toEqual(promptIds);
    // and the text is the template's, but for what the policy wrote in its own way
    const text = renderChat(QWEN, [question as ChatMessage, { role: "assistant", content: "@" }, { role: "tool", content: "42<|im_end|>" }, { role: "assistant", content: "@" }, { role: "user", content: "Thanks" }], { tools: tools as never, addGenerationPrompt: true }); // prettier-ignore
    const environment = trajectory!.segments.filter(({ kind }) => kind !== "model").map((segment) => segment.text);
    expect(`${environment.join(`@<|im_end|>`)}`).toBe(text);
    expect(trajectory!.toolCalls).toMatchObject([{ tool: "lookup", result: "42<|im_end|>", start: trajectory!.promptLength }]);
    expect(trajectory!.tokenIds.filter((token) => token === END)).toHaveLength(7); // the result's is no control token
    expect(trajectory).toMatchObject({ turns: 3, stopReason: "answered" });
  });

  test("a turn that was cut short is closed by the template", async () => {
    const { ask, rollout } = await open(() => "one two three");
    await ask([question], { max_tokens: 1 });
    const cut = rollout.trajectories()[0]!;
    expect(cut.stopReason).toBe("maxTokens");
    const content = tokenizer.decode(cut.tokenIds.slice(-1));
    await ask([question, { role: "assistant", content }, { role: "user", content: "Go on" }]);
    const [trajectory] = rollout.trajectories();
    expect(trajectory!.segments[2]!.text).toBe("<|im_end|>\n<|im_start|>user\nGo on<|im_end|>\n<|im_start|>assistant\n");
  });

  test("a forced beginning of a call is no token of the policy", async () => {
    const { ask, rollout, sampler } = await open(() => '{"key": "b"}}\n</tool_call>');
    await ask([question], { tools, tool_choice: { type: "function", function: { name: "lookup" } } });
    const [trajectory] = rollout.trajectories();
    expect(trajectory!.segments[0]!.text.endsWith('<tool_call>\n{"name": "lookup", "arguments": ')).toBe(true);
    expect(ownSpans(trajectory!)).toEqual(asSampled(sampler));
  });

  test("edited, dropped and repeated history are branches of their own, and no sampled token is learned from twice", async () => {
    const { ask, rollout, sampler } = await open((_, turn) => `reply ${turn}`);
    const user = (content: string) => ({ role: "user", content });
    const a = await ask([user("a")]); // 0
    const b = await ask([user("a"), a, user("b")]); // 1, behind 0
    await ask([user("a"), a, user("b"), b, user("c")]); // 2, behind 1
    await ask([user("a"), a, user("b")]); // 3, behind 0 once more: a retry
    await ask([user("summary"), user("c")]); // 4: compaction
    await ask([user("a"), { role: "assistant", content: "edited" }, user("b")]); // 5: an edit
    await ask([user("b"), b, user("c")]); // 6: dropped the beginning, so that b is text again
    const trajectories = rollout.trajectories();
    expect(trajectories).toHaveLength(5);
    const own = trajectories.flatMap(ownSpans);
    expect(own).toHaveLength(7);
    expect(own.toSorted((x, y) => tokenizer.decode(x.tokenIds).localeCompare(tokenizer.decode(y.tokenIds)))).toEqual(asSampled(sampler));
    expect(rollout.stats).toMatchObject({ requests: 7, branches: 4, editedTurns: 2, unkeptTurns: 0 });
    const retry = trajectories.find(({ segments }) => segments.at(-1)!.text.startsWith("reply 3"))!;
    expect(retry.segments.map(({ kind }) => kind)).toEqual(["prompt", "model"]);
    expect(retry.segments[0]!.text).toContain("reply 0");
  });

  test("other tools, or other variables of the template, are another conversation", async () => {
    const { ask, rollout } = await open(() => "reply");
    const a = await ask([question], { tools });
    await ask([question, a, question]);
    expect(rollout.stats).toMatchObject({ branches: 1, editedTurns: 1 });
  });

  test("random numbers are the rollout's: equal for an equal agent, others for a request made again and for another sample", async () => {
    const noise = async (options: Partial<RolloutOptions>, ask: (bench: Bench) => Promise<unknown>) => {
      const bench = await open(() => "abc", options);
      await ask(bench);
      return bench.sampler.decoded.map(({ turn }) => turn.logProbs);
    };
    const twice = async ({ ask }: Bench) => [await ask([question]), await ask([question], { n: 2 })];
    const [one, other] = [await noise({}, twice), await noise({ sampleIndex: 1 }, twice)];
    expect(await noise({}, twice)).toEqual(one);
    expect(new Set([...one, ...other].map((logProbs) => JSON.stringify(logProbs))).size).toBe(6);
    const seeded = ({ ask }: Bench) => ask([question], { seed: 3 });
    expect(await noise({}, seeded)).not.toEqual(await noise({ sampleIndex: 1 }, seeded));
  });

  test("the run's sampling goes before the agent's, which is counted", async () => {
    const { ask, rollout } = await open(() => "abc def", { sampling: { temperature: 0.5, topP: 1, topK: 0 }, maxTokens: 2 });
    await ask([question], { temperature: 0, max_tokens: 100 });
    await ask([question], { temperature: 0.5 });
    expect(rollout.stats.overridden).toBe(1);
    expect(rollout.trajectories().every(({ stopReason }) => stopReason === "maxTokens")).toBe(true);
  });

  test("rollouts do not see each other, and a closed one is gone with all that it kept", async () => {
    const { server, ask, rollout, sampler } = await open(() => "secret");
    const a = await ask([question]);
    const other = server.openRollout({ ...OPTIONS, sampleIndex: 1 });
    const before = sampler.computed;
    const { body } = await post(`${other.baseURL}/chat/completions`, { messages: [question, a, question] });
    expect(body).toMatchObject({ usage: { prompt_tokens_details: { cached_tokens: 0 } } });
    expect(sampler.computed).toBeGreaterThan(before);
    expect(other.stats.editedTurns).toBe(1);
    expect(sampler.open_.size).toBe(2);
    other.close();
    rollout.close();
    expect(sampler.open_.size).toBe(0);
    expect((await post(`${rollout.baseURL}/chat/completions`, { messages: [question] })).status).toBe(404);
    expect((await post(`${server.url}/rollouts/guess/v1/chat/completions`, { messages: [question] })).status).toBe(404);
  });

  test("an aborted request leaves nothing", async () => {
    const { rollout, sampler } = await open(() => "word ".repeat(2_000));
    const gone = new AbortController();
    const asked = post(`${rollout.baseURL}/chat/completions`, { messages: [question] }, { signal: gone.signal });
    while (sampler.open_.size === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    gone.abort();
    await expect(asked).rejects.toThrow();
    while (sampler.open_.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(rollout.trajectories()).toEqual([]);
  });
});
