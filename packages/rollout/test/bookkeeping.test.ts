import fc from "fast-check";
import { expect, test } from "vitest";
import { codeInterpreter } from "../src/index.js";
import { FakeCodeRunner } from "./fake-code-runner.js";
import { PROMPT, runOne } from "./rollout-options.js";
import { codec, EOS, word } from "./scripted-codec.js";
import { play, ScriptedSampler } from "./scripted-sampler.js";

test("whatever the policy writes and the tools say, the books balance", async () => {
  const piece = fc.oneof(
    fc
      .constantFrom("<code>", "</code>", "<answer>", "</answer>", "<interpreter>", "</code>\n\n", "</answer>.", "<eos>")
      .map((text) => [word(text as "<eos>")]),
    fc.string({ unit: "grapheme", maxLength: 6 }).map((text) => codec.encodeUntrusted(text)),
    fc.constantFrom("<code>1</code>", "text <code>f()</code>", "<answer>3</answer>").map((text) => codec.encode(text)),
  );
  const script = fc.array(
    fc.array(piece, { maxLength: 8 }).map((pieces) => [...pieces.flat(), EOS]),
    { minLength: 1, maxLength: 6 },
  );
  const output = fc.record({
    feedback: fc.string({ unit: "grapheme", maxLength: 20 }),
    status: fc.constantFrom("ok", "error", "timeout", "infra"),
  });
  const limits = fc.record({
    maxResponseTokens: fc.integer({ min: 0, max: 60 }),
    maxTurnTokens: fc.integer({ min: 1, max: 30 }),
    maxTurns: fc.integer({ min: 1, max: 5 }),
    maxToolCalls: fc.integer({ min: 0, max: 4 }),
    maxToolOutputChars: fc.integer({ min: 0, max: 15 }),
  });
  await fc.assert(
    fc.asyncProperty(
      script,
      fc.array(output, { minLength: 6, maxLength: 6 }),
      limits,
      fc.integer({ min: 1, max: 90 }),
      async (turns, outputs, chosen, maxLength) => {
        const sampler = new ScriptedSampler(play(...turns, ...Array.from({ length: 6 }, () => [EOS])), { maxLength });
        let runs = 0;
        const sandbox = new FakeCodeRunner(() => outputs[runs++]!);
        const trajectory = await runOne(sampler, { tools: [codeInterpreter(sandbox)], budgets: chosen });
        const { tokenIds, lossMask, logProbs, segments, toolCalls, stopReason } = trajectory;

        expect([lossMask.length, logProbs.length]).toEqual([tokenIds.length, tokenIds.length]);
        expect(segments.map(({ start }) => start)).toEqual([0, ...segments.slice(0, -1).map(({ end }) => end)]);
        expect(segments.at(-1)!.end).toBe(tokenIds.length);
        for (const { kind, start, end, text } of segments) {
          expect(codec.decode(tokenIds.slice(start, end))).toBe(text);
          expect([...lossMask.subarray(start, end)].every((mask) => mask === (kind === "model" ? 1 : 0))).toBe(true);
        }

        const sampled = sampler.turns.flatMap(({ result }) => result.tokenIds);
        const sampledLogProbs = sampler.turns.flatMap(({ result }) => result.logProbs);
        expect([...tokenIds].filter((_, t) => lossMask[t] === 1)).toEqual(sampled);
        expect([...logProbs].filter((_, t) => lossMask[t] === 1)).toEqual(sampledLogProbs);
        expect([...logProbs].every((logProb, t) => lossMask[t] === 1 || logProb === 0)).toBe(true);

        const appended = sampler.log.flatMap((entry) => (entry.kind === "extend" ? [entry.tokenIds] : []));
        expect(segments.filter(({ kind }) => kind === "tool").map(({ start, end }) => [...tokenIds.subarray(start, end)])).toEqual(
          appended,
        );
        expect(toolCalls).toHaveLength(runs);
        expect(toolCalls.every(({ start }) => lossMask[start] === 1)).toBe(true);

        expect(tokenIds.length - PROMPT.length).toBeLessThanOrEqual(chosen.maxResponseTokens);
        expect(tokenIds.length).toBeLessThanOrEqual(Math.max(maxLength, PROMPT.length));
        expect(trajectory.turns).toBeLessThanOrEqual(chosen.maxTurns);
        expect(runs).toBeLessThanOrEqual(chosen.maxToolCalls);
        expect(stopReason === "toolFailed").toBe(["infra", "timeout"].includes(toolCalls.at(-1)?.status ?? ""));
        if (stopReason === "answered") expect(segments.at(-1)!.text).toContain("</answer>");
      },
    ),
    { numRuns: 300 },
  );
});
