import { afterEach, describe, expect, test } from "vitest";
import { xmlFormat, type OpenAIServer } from "../src/index.js";
import { call, post, scriptedServer } from "./scripted-model.js";

const servers: OpenAIServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

const messages = [{ role: "user", content: "Hi" }];
const tool = (name: string) => ({ type: "function", function: { name, parameters: { type: "object", properties: {} } } });
const tools = [tool("lookup"), tool("other")];
const named = { type: "function", function: { name: "lookup" } };

/** The answer to a request that demands a call, when the model goes on with a text; in whole and as events. */
async function answers(text: string, body: object, options: Parameters<typeof scriptedServer>[1] = {}) {
  const { server, sampler } = await scriptedServer(() => text, options);
  servers.push(server);
  const rollout = server.openRollout({ problemId: "p", sampleIndex: 0, seed: 1, step: 0 });
  const url = `${rollout.baseURL}/chat/completions`;
  const whole = await post(url, { messages, tools, ...body });
  const init = { method: "POST", headers: { "content-type": "application/json" } };
  const events = await (await fetch(url, { ...init, body: JSON.stringify({ messages, tools, ...body, stream: true }) })).text();
  return { whole, events, rollout, sampler };
}

describe("tool_choice: required, and a tool by name, give a call or an error that says so", () => {
  test.each<[string, string, object]>([
    ["no JSON", "I would rather not.</tool_call>", { tool_choice: named }],
    ["an end in the middle", '{"key": ', { tool_choice: named }],
    ["no tool's name", 'nothing", "arguments": {}}\n</tool_call>', { tool_choice: "required" }],
    ["a second call of no tool", `lookup", "arguments": {}}\n</tool_call>${call("nothing", {})}`, { tool_choice: "required" }],
    ["no call where one tool is all there is", "hm", { tool_choice: "required", tools: [tool("lookup")] }],
  ])("%s", async (_, text, body) => {
    const { whole, events, rollout, sampler } = await answers(text, body);
    expect(whole).toMatchObject({ status: 422, body: { error: { type: "invalid_request_error", param: "tool_choice", code: "tool_call_failed" } } }); // prettier-ignore
    expect(events).toContain('"code":"tool_call_failed"');
    expect(events).not.toContain("tool_calls");
    // what the policy wrote is remembered, and the forced beginning is not its own
    const own = rollout.trajectories().flatMap(({ tokenIds, lossMask }) => [...tokenIds].filter((__, t) => lossMask[t] === 1));
    expect(own).toEqual(sampler.decoded.flatMap(({ turn }) => turn.tokenIds));
  });

  test("tokens that end within the call are said to", async () => {
    const { whole } = await answers('{"key": "a long one"}}\n</tool_call>', { tool_choice: named, max_tokens: 3 });
    expect(whole).toMatchObject({ status: 422, body: { error: { message: "tool_choice: its tokens ended within the call: allow more with max_tokens" } } }); // prettier-ignore
  });

  test("a named tool is called once, whatever would follow", async () => {
    const { whole, events } = await answers(`{"key": "x"}}\n</tool_call>${call("other", {})}`, { tool_choice: named });
    expect(whole).toMatchObject({ status: 200, body: { choices: [{ finish_reason: "tool_calls", message: { content: null, tool_calls: [{ function: { name: "lookup", arguments: '{"key":"x"}' } }] } }] } }); // prettier-ignore
    expect((whole.body as { choices: { message: { tool_calls: object[] } }[] }).choices[0]!.message.tool_calls).toHaveLength(1);
    expect(events).toContain('"name":"lookup"');
    expect(events).toContain('"finish_reason":"tool_calls"');
  });

  test("a model of the paper's tags", async () => {
    const format = xmlFormat();
    const code = { tools: [tool("code_interpreter")], tool_choice: "required" };
    expect((await answers("6 * 7</code>", code, { format })).whole).toMatchObject({ status: 200, body: { choices: [{ message: { tool_calls: [{ function: { name: "code_interpreter", arguments: '{"code":"6 * 7"}' } }] } }] } }); // prettier-ignore
    expect((await answers("6 * 7", code, { format })).whole.status).toBe(422);
    expect((await answers("x", { tool_choice: named }, { format })).whole).toMatchObject({ status: 400, body: { error: { code: "unsupported_value", message: "tool_choice: this model cannot be made to call lookup: its calls begin with <code> alone" } } }); // prettier-ignore
    expect((await answers("x", { tool_choice: "required" }, { format: xmlFormat({ toolTags: { look: "lookup" } }) })).whole).toMatchObject({ status: 400, body: { error: { message: "tool_choice: this model cannot be made to choose among these tools; name one" } } }); // prettier-ignore
  });
});

describe("tools that a model of the paper's tags cannot call", () => {
  const format = xmlFormat({ toolTags: { look: "lookup" } });
  const other = { tools: [tool("weather"), tool("search")] };

  test("are refused at once, by name and with those that it can call", async () => {
    const { whole, events, sampler } = await answers("<code>1</code>", other, { format });
    const message =
      'tools: this model was trained with tags and can call lookup, code_interpreter alone, found "weather", "search": offer one that it can call, or leave tools out';
    const error = { message, type: "invalid_request_error", param: "tools", code: "unsupported_value" };
    expect(whole).toEqual({ status: 400, body: { error } });
    expect(JSON.parse(events)).toEqual({ error });
    expect(sampler.decoded).toEqual([]);
  });

  test.each([
    ["one of them is known", { tools: [tool("weather"), tool("lookup")] }],
    ["none is to be called", { ...other, tool_choice: "none" }],
    ["none is offered", { tools: [] }],
  ])("are let through where %s", async (_, body) => {
    expect((await answers("<answer>1</answer>", body, { format })).whole.status).toBe(200);
  });

  test("a model that is told of its tools takes any", async () => {
    expect((await answers("Hello", other)).whole.status).toBe(200);
  });
});
