import fc from "fast-check";
import { expect, test } from "vitest";
import { codec, turn, word } from "../test/scripted-codec.js";
import { TrajectoryBuilder } from "./trajectory-builder.js";

const key = { problemId: "p", sampleIndex: 3 };
const record = { tool: "t", input: "", result: "", status: "ok", durationMs: 0, fuel: 0 } as const;

function modelTurn(tokenIds: readonly number[]) {
  return { tokenIds, logProbs: tokenIds.map((_, i) => -1 - i), finish: "stop" } as const;
}

test("prompt, turn and tool output by hand", () => {
  const built = new TrajectoryBuilder(key, codec.encode("ab"), codec);
  expect(built.addModelTurn(modelTurn(turn("x", word("<code>"))))).toBe("x<code>");
  built.addCall(record, 1);
  built.addToolOutput(codec.encode("7"), "7");
  built.addModelTurn(modelTurn([0]));
  expect(built.responseLength).toBe(4);
  expect(built.finish("eos")).toEqual({
    ...key,
    tokenIds: Int32Array.from([...codec.encode("abx"), 1, ...codec.encode("7"), 0]),
    lossMask: Uint8Array.of(0, 0, 1, 1, 0, 1),
    logProbs: Float32Array.of(0, 0, -1, -2, 0, -1),
    promptLength: 2,
    segments: [
      { kind: "prompt", start: 0, end: 2, text: "ab" },
      { kind: "model", start: 2, end: 4, text: "x<code>" },
      { kind: "tool", start: 4, end: 5, text: "7" },
      { kind: "model", start: 5, end: 6, text: "<eos>" },
    ],
    toolCalls: [{ ...record, start: 3 }],
    stopReason: "eos",
    turns: 2,
  });
});

test("a turn without tokens counts as a turn and has no segment", () => {
  const built = new TrajectoryBuilder(key, codec.encode("ab"), codec);
  expect(built.addModelTurn(modelTurn([]))).toBe("");
  const { turns, segments } = built.finish("aborted");
  expect(turns).toBe(1);
  expect(segments).toHaveLength(1);
});

test("a sampler with fewer log-probs than tokens is refused, so that the arrays cannot diverge", () => {
  const built = new TrajectoryBuilder(key, [], codec);
  expect(() => built.addModelTurn({ tokenIds: [1, 2], logProbs: [-1], finish: "stop" })).toThrow("logProbs: expected [2], got [1]");
});

test("a call starts at the token that holds its first character", () => {
  const words = fc.constantFrom("<code>", "</code>\n\n", "<answer>", "</answer>.", "<eos>").map(word);
  const tokens = fc.array(
    fc.oneof(
      words,
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }).map((text) => codec.encode(text)[0]!),
    ),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(tokens, fc.nat(), (tokenIds, pick) => {
      const built = new TrajectoryBuilder(key, codec.encode("prompt"), codec);
      const text = built.addModelTurn(modelTurn(tokenIds));
      const offset = pick % text.length;
      built.addCall(record, offset);
      const at = built.finish("eos").toolCalls[0]!.start - 6;
      const before = codec.decode(tokenIds.slice(0, at)).length;
      expect(before).toBeLessThanOrEqual(offset);
      expect(before + codec.decode([tokenIds[at]!]).length).toBeGreaterThan(offset);
    }),
  );
});
