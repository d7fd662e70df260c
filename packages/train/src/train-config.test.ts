import { SAPO_TAUS, VESPO_KERNELS } from "@retool-ts/engine";
import { expect, test } from "vitest";
import { readTrainConfig, type TrainConfigInput } from "./train-config.js";

const base = { steps: 1, promptsPerStep: 2, groupSize: 4, learningRate: { peak: 0.1 } };
const read = (more: Partial<TrainConfigInput>) => readTrainConfig({ ...base, ...more });

test("defaults of the losses' own numbers are the papers'", () => {
  const { sapo, vespo, geometricMask, gdpoWeights } = read({});
  expect({ sapo, vespo, geometricMask, gdpoWeights }).toEqual({
    sapo: SAPO_TAUS,
    vespo: VESPO_KERNELS,
    geometricMask: null,
    gdpoWeights: {},
  });
  expect(read({ vespo: { positive: { decay: 1 } } }).vespo).toEqual({ ...VESPO_KERNELS, positive: { power: 2, decay: 1 } });
  const importance = { level: "token", outside: "drop", floor: 0.5 } as const;
  expect(read({ oldLogProbs: "trainer", importance }).importance).toEqual({ ...importance, cap: 2, average: "product" });
});

test.each([
  [{ loss: "luspo" }, /config\.aggregation.*seq-mean-token-sum with the loss luspo/s],
  [{ geometricMask: {} }, /config\.geometricMask.*null unless oldLogProbs is trainer/s],
  [{ oldLogProbs: "trainer", importance: { level: "token", floor: 0.5 } }, /config\.importance.*a floor of 0 unless outside is drop/s],
  [{ kl: { coef: 0.1, place: "advantage" } }, /config\.kl.*the estimator k1 in the advantage/s],
  [{ advantage: "none" }, /config\.advantage.*another than none unless kl is in the advantage/s],
  [{ advantage: "gdpo", kl: { coef: 0.1, place: "reward" } }, /config\.kl.*in the loss with the advantage gdpo/s],
  [{ advantage: "gdpo", groupSize: 1 }, /config\.groupSize.*at least 2 with the advantage gdpo/s],
] as [Partial<TrainConfigInput>, RegExp][])("%j is refused", (more, message) => {
  expect(() => read(more)).toThrow(message);
});

test("an advantage of one's own takes groups of one, unless it says that it needs more", () => {
  const own = () => [];
  expect(readTrainConfig({ ...base, groupSize: 1 }, own).groupSize).toBe(1);
  const compares = Object.assign(() => [], { needsGroups: true });
  expect(() => readTrainConfig({ ...base, groupSize: 1, advantage: "gae" }, compares)).toThrow(
    /config\.groupSize.*at least 2 with an advantage that needs groups/s,
  );
  expect(readTrainConfig(base, compares).groupSize).toBe(4);
});
