import { RandomStream } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { KERNEL_BACKENDS } from "../../test/backends.js";
import { useBackend } from "../backend.js";
import { chooseTokens, type Draw } from "./choose-tokens.js";
import { sampleToken, type SamplingOptions } from "./sampling.js";

let stream = new RandomStream(12, ["choose-tokens"]);
const normals = (size: number, spread: number) => Float32Array.from({ length: size }, () => stream.normal() * spread);
/** Logits with a tail as language models have it: few likely tokens, and many below one in a million. */
const peaked = (size: number) =>
  Float32Array.from({ length: size }, () => 12 - 3 * Math.log(1e-9 + stream.uniform()) * stream.uniform() - 20);

const OPTIONS: readonly SamplingOptions[] = [
  { temperature: 1, topP: 1, topK: 0 },
  { temperature: 0.6, topP: 1, topK: 0 },
  { temperature: 0, topP: 1, topK: 0 },
  { temperature: 1, topP: 0.7, topK: 0 },
  { temperature: 0.8, topP: 0.95, topK: 0 },
  { temperature: 1.4, topP: 0.9999, topK: 0 },
  { temperature: 1, topP: 1e-9, topK: 0 },
  { temperature: 1, topP: 1, topK: 1 },
  { temperature: 1, topP: 1, topK: 20 },
  { temperature: 0.7, topP: 0.8, topK: 50 },
  { temperature: 1, topP: 1, topK: 900 },
  { temperature: 1, topP: 1, topK: 100_000 },
  { temperature: 1, topP: 1, topK: 0, minP: 0.05 },
  { temperature: 1.6, topP: 1, topK: 0, minP: 1e-4 },
  { temperature: 1, topP: 0.9, topK: 0, minP: 0.1 },
  { temperature: 1, topP: 1, topK: 30, minP: 0.02 },
  { temperature: 0.9, topP: 0.8, topK: 30, minP: 0.2 },
  { temperature: 1, topP: 1, topK: 0, minP: 1 },
];

describe.each(KERNEL_BACKENDS)("tokens drawn on %s", (backend) => {
  /** Draws from each row with each of the options, and compares with `sampleToken`, which reads the logits. Returns how many it were. */
  async function expectSame(values: Float32Array, rows: number, allowed: number, unusedTokenIds: readonly number[], rounds: number) {
    await useBackend(backend);
    const vocab = values.length / rows;
    const logits = tf.tensor2d(values.slice(), [rows, vocab]);
    let drawn = 0;
    try {
      for (const options of OPTIONS) {
        for (let round = 0; round < rounds; round++) {
          const uniform = () => (round === 0 ? 0 : round === 1 ? 1 - 2 ** -53 : stream.uniform());
          const draws: Draw[] = Array.from({ length: rows }, () => ({ options, uniform: uniform() }));
          const actual = await chooseTokens(logits, draws, { vocabSize: allowed, unusedTokenIds });
          draws.forEach(({ uniform }, row) => {
            const line = values.subarray(row * vocab, (row + 1) * vocab);
            const expected = sampleToken(line, allowed, options, uniform, unusedTokenIds);
            const where = `row ${row}, ${JSON.stringify(options)}, ${uniform}`;
            expect(actual[row]!.tokenId, where).toBe(expected.tokenId);
            expect(Math.abs(actual[row]!.logProb - expected.logProb), where).toBeLessThan(3e-6);
            drawn++;
          });
        }
      }
    } finally {
      logits.dispose();
    }
    return drawn;
  }

  test("10,000 tokens are those that are drawn in double precision", async () => {
    const values = new Float32Array(20 * 1500);
    for (let row = 0; row < 20; row++) values.set(row % 2 === 0 ? normals(1500, 0.5 + row / 5) : peaked(1500), row * 1500);
    values.forEach((_, i) => i % 7 === 3 && (values[i] = -Infinity));
    for (let row = 0; row < 20; row++) values[row * 1500 + 600] = 14; // unused, and the most likely by far
    values.fill(-Infinity, 0, 1400); // all that this row can have lies near the end
    expect(await expectSame(values, 20, 1437, [3, 600, 1436], 42)).toBeGreaterThan(10_000);
  });

  test("a large vocabulary, whose likely tokens lie where no sample of it would look", async () => {
    const others = stream; // go on as without this test
    stream = new RandomStream(12, ["large"]);
    const vocab = 20_480;
    const values = new Float32Array(5 * vocab);
    values.set(normals(vocab, 3), 0);
    values.set(normals(vocab, 0.1), vocab); // almost all are left
    values.set(normals(vocab, 2), 2 * vocab);
    for (let i = 0; i < 2_000; i++) values[2 * vocab + 300 + i] = 1 + (i % 5); // ties, and together most of the weight
    values.set(normals(vocab, 1), 3 * vocab);
    for (let id = 0; id < vocab; id++) if (id % 1_280 < 256) values[3 * vocab + id]! += 6; // the first block of every five is likelier
    values.set(normals(vocab, 1), 4 * vocab);
    for (let id = 0; id < vocab; id++) if (id % 1_280 < 256) values[4 * vocab + id]! -= 9;
    await expectSame(values, 5, vocab - 3, [77, 5_000], 6);
    stream = others;
  });

  test("ties go to the smaller ids", async () => {
    const values = Float32Array.from({ length: 4 * 1001 }, (_, i) => Math.floor(((i * 7919) % 1001) / 250));
    values.fill(2.5, 0, 1001); // one row of equals
    values.fill(2.5, 1001, 2 * 1001)[1001 + 5] = 9; // and one with another on top
    await expectSame(values, 4, 1001, [], 12);
  });

  test.each([1, 2, 3, 5, 255, 257])("a vocabulary of %d", async (vocab) => {
    await expectSame(normals(3 * (vocab + 2), 2), 3, vocab, vocab > 3 ? [1, vocab - 1] : [], 8);
  });

  test("random numbers at the very edges of the shares", async () => {
    await useBackend(backend);
    const values = normals(600, 1.5);
    const logits = tf.tensor2d(values.slice(), [1, 600]);
    for (const topP of [1, 0.9]) {
      const options = { temperature: 1, topP, topK: 0 };
      let edge = 0;
      for (let i = 0; i < 60; i++) {
        // bisection for the next edge between two tokens
        const idAt = (uniform: number) => sampleToken(values, 600, options, uniform).tokenId;
        let [low, high] = [edge, 1 - 2 ** -53];
        const from = idAt(low);
        if (idAt(high) === from) break;
        while (high - low > 2 ** -46) {
          const middle = (low + high) / 2;
          if (idAt(middle) === from) low = middle;
          else high = middle;
        }
        for (const uniform of [low - 2 ** -44, high + 2 ** -44].filter((each) => each >= 0)) {
          const [drawn] = await chooseTokens(logits, [{ options, uniform }], { vocabSize: 600 });
          expect(drawn!.tokenId, `${uniform}`).toBe(idAt(uniform));
        }
        edge = high + 2 ** -44;
      }
    }
    logits.dispose();
  });

  test("logits without numbers give an id that may be drawn", async () => {
    await useBackend(backend);
    for (const value of [NaN, Infinity, -Infinity]) {
      const logits = tf.fill<tf.Rank.R2>([1, 300], value);
      for (const options of OPTIONS) {
        const [drawn] = await chooseTokens(logits, [{ options, uniform: 0.5 }], { vocabSize: 290 });
        expect(drawn!.tokenId).toBeLessThan(290);
        expect(drawn!.tokenId).toBeGreaterThanOrEqual(0);
      }
      logits.dispose();
    }
  });
});
