import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineTool, type Tool } from "./tool.js";
import { limitTool } from "./tool-limits.js";

const echo = defineTool({
  name: "echo",
  description: "Says it again.",
  input: z.string(),
  execute: async (text) => ({ text, status: "ok", fuel: 3 }),
});
const context = { problemId: "p", sampleIndex: 0, callIndex: 0 };

describe("limitTool", () => {
  test("each rollout has its own calls, and is told when none is left", async () => {
    const limited = limitTool(echo, { maxCalls: 2 });
    const [first, second] = [limited.begin!(context), limited.begin!(context)];
    const told = { text: "echo: no calls left, the limit is 2", status: "error" };
    expect(await Promise.all(["a", "b", "c"].map((text) => first.call(text, context)))).toEqual([
      { text: "a", status: "ok", fuel: 3 },
      { text: "b", status: "ok", fuel: 3 },
      told,
    ]);
    expect(await second.call("d", context)).toMatchObject({ text: "d" });
    expect(await first.call("e", context)).toEqual(told);
  });

  test("output is cut where asked", async () => {
    const of = (outputCut: "left" | "right") => limitTool(echo, { maxOutputChars: 40, outputCut }).call("x".repeat(50) + "end", context);
    expect((await of("left")).text).toMatch(/end$/);
    expect((await of("right")).text).toMatch(/^x/);
    expect((await of("right")).text).not.toContain("end");
    expect((await limitTool(echo, { maxOutputChars: 3 }).begin!(context).call("abc", context)).text).toBe("abc");
  });

  test("a state is begun and closed once a rollout", async () => {
    const events: string[] = [];
    const stateful: Tool = {
      ...echo,
      begin: () => ({
        call: async (input) => (events.push(`call ${String(input)}`), { text: "", status: "ok" }),
        close: async () => void events.push("close"),
      }),
    };
    const session = limitTool(stateful, { maxCalls: 1 }).begin!(context);
    await session.call("1", context);
    await session.call("2", context);
    await session.close();
    expect(events).toEqual(["call 1", "close"]);
  });

  test.each([-1, 0.5, NaN])("a limit of %d is refused", (limit) => {
    expect(() => limitTool(echo, { maxCalls: limit })).toThrow("limitTool: maxCalls: expected a whole number from 0");
    expect(() => limitTool(echo, { maxOutputChars: limit })).toThrow("limitTool: maxOutputChars: expected a whole number from 1");
  });
});
