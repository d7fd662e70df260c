import { expect, test } from "vitest";
import { z } from "zod";
import { cacheToolResults } from "./tool-cache.js";
import { defineTool } from "./tool.js";
import type { ToolStatus } from "./trajectory.js";

const context = { problemId: "p", sampleIndex: 0, callIndex: 0 };

function counting(pure: boolean, statuses: readonly ToolStatus[] = ["ok"]) {
  let runs = 0;
  const tool = defineTool({
    name: "count",
    description: "Counts its runs.",
    input: z.strictObject({ key: z.string() }),
    pure,
    execute: ({ key }) => Promise.resolve({ text: `${key} ${++runs}`, status: statuses[Math.min(runs, statuses.length) - 1]! }),
  });
  const { tools, stats } = cacheToolResults([tool]);
  return { call: async (key: string) => (await tools[0]!.call({ key }, context)).text, stats };
}

test("equal calls of a pure tool run once, also while the first is running", async () => {
  const { call, stats } = counting(true);
  expect(await Promise.all([call("a"), call("a"), call("b")])).toEqual(["a 1", "a 1", "b 2"]);
  expect(await call("a")).toBe("a 1");
  expect(stats).toEqual({ calls: 4, hits: 2 });
});

test("other tools run each time", async () => {
  const { call, stats } = counting(false);
  expect([await call("a"), await call("a")]).toEqual(["a 1", "a 2"]);
  expect(stats).toEqual({ calls: 0, hits: 0 });
});

test("errors of the input are shared; verdicts of the clock and of the machinery are not", async () => {
  const failing = counting(true, ["error"]);
  expect([await failing.call("a"), await failing.call("a")]).toEqual(["a 1", "a 1"]);
  const late = counting(true, ["timeout", "infra", "ok"]);
  expect([await late.call("a"), await late.call("a"), await late.call("a"), await late.call("a")]).toEqual(["a 1", "a 2", "a 3", "a 3"]);
  expect(late.stats).toEqual({ calls: 4, hits: 1 });
});
