import { readFileSync } from "node:fs";
import { useBackend } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { readLoss } from "./read-loss.js";
import { summedLoss, tokenLossValue } from "./tinker-loss.js";

/** Contents of the file that test/fixtures/make_losses_fixture.py writes. */
interface Fixture {
  readonly inputs: Readonly<Record<"logprobs" | "oldLogProbs" | "advantages" | "weights", number[]>>;
  readonly cases: readonly {
    readonly name: string;
    readonly config: Record<string, number>;
    readonly loss: number;
    readonly gradient: number[];
  }[];
}
const fixture = JSON.parse(readFileSync(new URL("../../test/fixtures/tinker-losses.json", import.meta.url), "utf8")) as Fixture;
const { logprobs, oldLogProbs, advantages, weights } = fixture.inputs;

beforeAll(async () => {
  await useBackend("wasm");
});

/** Value and gradient by tensors. */
function byTensors(loss: ReturnType<typeof readLoss>, x: readonly number[], fields: Record<string, readonly number[]>) {
  return tf.tidy(() => {
    const kept: number[][] = [];
    const run = (logProbs: tf.Tensor) => {
      const tensors = Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, tf.tensor1d([...values])]));
      const nothing = { entropies: tf.zeros<tf.Rank.R1>([x.length]), rowOfTarget: tf.zeros<tf.Rank.R1>([x.length], "int32") };
      return summedLoss(loss, (each) => kept.push([...each.dataSync()]))({ logProbs: logProbs as tf.Tensor1D, fields: tensors, ...nothing })
        .loss;
    };
    const { value, grad } = tf.valueAndGrad(run)(tf.tensor1d([...x]));
    return { value: value.dataSync()[0]!, gradient: [...grad.dataSync()], kept };
  });
}

describe.each(fixture.cases)("$name", ({ name, config, loss, gradient }) => {
  const spec = readLoss(name, config);
  const fields = { weight: weights, advantage: advantages, oldLogProb: oldLogProbs };

  test("its value in double precision is PyTorch's", () => {
    const each = logprobs.map((x, i) =>
      tokenLossValue(spec, x, { weight: weights[i]!, advantage: advantages[i]!, oldLogProb: oldLogProbs[i]! }),
    );
    expect(each.reduce((sum, value) => sum + value, 0)).toBeCloseTo(loss, 12);
  });

  test("its gradient over tensors is PyTorch's, and it hands out the log-probabilities", () => {
    const found = byTensors(spec, logprobs, fields);
    expect(found.value).toBeCloseTo(loss, 4);
    found.gradient.forEach((value, i) => expect(value, `token ${i}`).toBeCloseTo(gradient[i]!, 5));
    expect(found.kept).toEqual([logprobs.map(Math.fround)]);
  });
});

test("a ratio that overflows where nothing is learned spoils nothing", () => {
  const spec = readLoss("importance_sampling", null);
  const fields = { weight: [1, 1], advantage: [0, 2], oldLogProb: [-500, -1] };
  const { value, gradient } = byTensors(spec, [-1, -1], fields);
  expect([value, ...gradient]).toEqual([-2, -0, -2].map((x) => x));
  expect(tokenLossValue(spec, -1, { weight: 1, advantage: 0, oldLogProb: -2000 })).toBe(0);
});

test("unknown losses and settings are refused by name", () => {
  expect(() => readLoss("grpo", null)).toThrow("loss_fn: expected one of cross_entropy, importance_sampling, ppo, cispo, dro, found grpo");
  expect(() => readLoss("ppo", { clip_low: 0.8 })).toThrow(
    "loss_fn_config of ppo: expected clip_low_threshold, clip_high_threshold, found clip_low",
  );
  expect(() => readLoss("ppo", { clip_low_threshold: 1.5 })).toThrow("at most clip_high_threshold, 1.2, found 1.5");
  expect(() => readLoss("cispo", { clip_high_threshold: "high" })).toThrow(
    "loss_fn_config.clip_high_threshold: expected a number, found high",
  );
  expect(() => readLoss("dro", {})).toThrow("loss_fn_config.beta: expected a number, found none");
  expect(() => readLoss("cross_entropy", { beta: 1 })).toThrow("loss_fn_config of cross_entropy: expected no settings, found beta");
  expect(readLoss("ppo", {})).toEqual({ name: "ppo", low: 0.8, high: 1.2 });
});
