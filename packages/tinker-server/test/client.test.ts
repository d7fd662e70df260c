import type { LossSpec, TrainingRow } from "@retool-ts/engine";
import { LocalEngine } from "@retool-ts/policy";
import { probeServer, TinkerClient, TinkerEngine } from "@retool-ts/tinker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EOS, TinyServer, VOCABULARY } from "./tiny-server.js";

let tiny: TinyServer;
let client: TinkerClient;
beforeAll(async () => {
  tiny = await TinyServer.open();
  client = await TinkerClient.connect({ baseUrl: tiny.server.url, vocabSize: VOCABULARY });
});
afterAll(async () => {
  await client.close();
  await tiny.close();
});

const OPTIMIZER = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 };

/** Rows of a policy gradient, some tokens masked. */
const ROWS: TrainingRow[] = [[1, 2, 3, 4, 5, 6], [7, 8, 9, 1], [3, 3, 5, 3, 5, 3, 5, 31]].map((tokenIds, row) => {
  const numbers = (at: (i: number) => number) => tokenIds.map((_, i) => at(i));
  const fields = {
    oldLogProbs: numbers((i) => -3 - 0.4 * Math.sin(i + row)),
    samplerLogProbs: numbers((i) => -3 - 0.4 * Math.sin(i + row)),
    advantages: numbers(() => (row === 1 ? -1 : 0.8)),
    tokensInRow: numbers(() => tokenIds.length - 2),
  };
  return { tokenIds, lossMask: numbers((i) => (i < 2 ? 0 : 1)), fields };
}); // prettier-ignore

const counts = { tokens: 12, rollouts: 3, trainedTokens: 12, trainedRows: 3, maxResponseTokens: 16 };
const LOSSES: readonly LossSpec[] = [
  { name: "cross-entropy", normalizer: 12 },
  {
    name: "ppo-clip", clipLow: 0.2, clipHigh: 0.28, dualClip: null, aggregation: "token-mean", entropyCoef: 0,
    importance: null, offPolicyThreshold: null, kl: null, counts,
  },
]; // prettier-ignore

test("the probe finds Tinker's semantics", async () => {
  const report = await probeServer(client, { baseModel: "tiny", vocabSize: VOCABULARY, eosTokenId: EOS });
  expect(report).toMatchObject({
    semantics: {
      reduction: "sum",
      accumulation: "sum",
      scalesWeights: true,
      losses: ["cross_entropy", "importance_sampling", "ppo", "cispo", "dro"],
      usesLogProbs: true,
      clipsRatio: true,
      clipsWeight: true,
      clipsGradient: true,
      takesZeroRate: true,
    },
    tellsNorm: true,
    clipsUnasked: false,
    encoding: "protobuf",
    loraAlpha: 32,
    restores: true,
    largestRate: 100,
    sampling: {
      includesStop: true, honoursSeed: true, promptLogProbs: "P", tellsTopTokens: true, stopsByItself: true, keepsOldWeights: true, keepsTraining: true,
    },
  }); // prettier-ignore
  expect(report.sampling.mismatch).toBeLessThan(1e-5);
});

test.each(LOSSES)("our client's engine on it goes where an engine in this process goes: $name", async (loss) => {
  const { semantics } = await probeServer(client, { baseModel: "tiny", vocabSize: VOCABULARY, eosTokenId: EOS });
  const model = { vocabSize: VOCABULARY, maxPositions: 64, parameters: tiny.parameters.count };
  const remote = await TinkerEngine.create({ client, baseModel: "tiny", rank: 4, seed: 9, model, optimizer: OPTIMIZER, semantics });
  const adapted = tiny.parameters.shareBase();
  adapted.addAdapter({ rank: 4, alpha: 32, dropout: 0, modules: ["q", "k", "v", "o", "gate", "up", "down"], seed: 9 });
  const local = new LocalEngine(adapted, { optimizer: OPTIMIZER, maxTokensPerMicroBatch: 1000 });
  try {
    for (let i = 0; i < 3; i++) {
      const norms = [];
      for (const engine of [local, remote]) {
        await engine.forwardBackward(ROWS, loss);
        norms.push((await engine.optimStep({ learningRate: 0.02 })).gradNorm);
      }
      expect(norms[1]! / norms[0]!).toBeCloseTo(1, 4);
    }
    const [ours, theirs] = [await local.logProbs(ROWS), await remote.logProbs(ROWS)];
    ours.forEach((values, row) => values.forEach((value, i) => expect(theirs[row]![i]).toBeCloseTo(value, 3)));
  } finally {
    local.dispose();
    adapted.dispose();
  }
});
