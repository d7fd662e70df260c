import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainingRow } from "@retool-ts/engine";
import { probeServer, reportLines, type ServerReport, TinkerClient, TinkerEngine } from "@retool-ts/tinker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** Any server: `RETOOL_TINKER_URL`, and where it differs `RETOOL_TINKER_MODEL`, `RETOOL_TINKER_KEY`, `RETOOL_TINKER_VOCAB` (rows of the embedding), `RETOOL_TINKER_EOS`. */
const { RETOOL_TINKER_URL: baseUrl, RETOOL_TINKER_MODEL: named, RETOOL_TINKER_KEY: apiKey } = process.env;
const vocabSize = Number(process.env["RETOOL_TINKER_VOCAB"] ?? 128);
const eosTokenId = Number(process.env["RETOOL_TINKER_EOS"] ?? 2);
if (baseUrl === undefined) console.log("skipped: no server to try the client on; RETOOL_TINKER_URL names one");

const ROWS: readonly TrainingRow[] = [
  { tokenIds: [3, 40, 5, 60, eosTokenId], lossMask: [0, 0, 1, 1, 1] },
  { tokenIds: [7, 80, 9], lossMask: [0, 1, 0] },
];
const STEP = { learningRate: 5e-3 };

describe.skipIf(baseUrl === undefined)(`against ${baseUrl ?? "a server"}`, { timeout: 900_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tinker-server-"));
  let client: TinkerClient;
  let report: ServerReport;
  let baseModel: string;
  const open = () =>
    TinkerEngine.create({
      client,
      baseModel,
      rank: 4,
      model: { vocabSize, maxPositions: 128, parameters: 0 },
      optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
      semantics: report.semantics,
    });
  const learn = async (engine: TinkerEngine, steps: number) => {
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) {
      losses.push((await engine.forwardBackward(ROWS, { name: "cross-entropy", normalizer: 4 })).loss);
      await engine.optimStep(STEP);
    }
    return losses;
  };

  beforeAll(async () => {
    client = await TinkerClient.connect({
      baseUrl: baseUrl!,
      vocabSize,
      ...(apiKey && { apiKey, headers: { authorization: `Bearer ${apiKey}` } }),
    });
    baseModel = named ?? client.modelNames[0]!;
    report = await probeServer(client, { baseModel, vocabSize, eosTokenId });
    console.log(
      reportLines(report)
        .map(([question, answer]) => `${question.padEnd(42)} ${answer}`)
        .join("\n"),
    );
  }, 900_000);
  afterAll(async () => {
    await client.close();
    rmSync(folder, { recursive: true });
  });

  test("it has what training needs", () => {
    expect(report.semantics.losses).toContain("cross_entropy");
    expect(report.semantics.losses).toContain("importance_sampling");
    expect(report.sampling.mismatch).toBeLessThan(0.02);
    expect(report.restores).toBe(true);
  });

  test("losses fall, and a state that is read again goes on where it was", async () => {
    const engine = await open();
    const losses = await learn(engine, 5);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    await engine.saveState(folder);
    const [expected] = await engine.logProbs(ROWS);
    const other = await open();
    await other.loadState(folder);
    const [found] = await other.logProbs(ROWS);
    found!.forEach((value, t) => expect(Math.abs(value - expected![t]!)).toBeLessThan(0.01));
    await engine.close();
    await other.close();
  });

  test("a policy gradient raises what had an advantage, and a snapshot stays as it was", async () => {
    const engine = await open();
    await learn(engine, 1);
    const snapshot = await engine.snapshot();
    const before = await engine.logProbs(ROWS);
    const rows = ROWS.map((row, i) => {
      const column = (value: number) => new Float32Array(row.tokenIds.length).fill(value);
      return {
        ...row,
        fields: {
          oldLogProbs: before[i]!,
          samplerLogProbs: before[i]!,
          advantages: column(i === 0 ? 1 : -1),
          tokensInRow: column(3 - 2 * i),
        },
      };
    });
    const counts = { tokens: 4, rollouts: 2, trainedTokens: 4, trainedRows: 2, maxResponseTokens: 8 };
    const terms = { aggregation: "token-mean", entropyCoef: 0, importance: null, offPolicyThreshold: null, kl: null, counts } as const;
    await engine.forwardBackward(rows, { name: "ppo-clip", clipLow: 0.2, clipHigh: 0.2, dualClip: 10, ...terms });
    await engine.optimStep(STEP);
    const after = await engine.logProbs(ROWS);
    const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
    expect(sum(after[0]!)).toBeGreaterThan(sum(before[0]!));
    expect(sum(after[1]!)).toBeLessThan(sum(before[1]!));
    const frozen = await snapshot.logProbs(ROWS);
    frozen.forEach((row, i) => row.forEach((value, t) => expect(Math.abs(value - before[i]![t]!)).toBeLessThan(0.01)));
    await engine.close();
  });

  test("turns are sampled with the trainer's log-probabilities, many at once", async () => {
    const engine = await open();
    await learn(engine, 2);
    const sampler = await engine.sampler({ maxSequences: 32, maxLength: 64, vocabSize });
    const ask = (seed: number) => ({
      temperature: 1,
      topP: 1,
      topK: 0,
      maxTokens: 6,
      uniform: () => seed / 32,
      stopTokenIds: [eosTokenId],
    });
    const turns = await Promise.all(Array.from({ length: 32 }, (_, seed) => sampler.decode(sampler.open([3, 40]), ask(seed))));
    expect(turns.every(({ tokenIds }) => tokenIds.length > 0)).toBe(true);
    const rows = turns.map(({ tokenIds }) => ({ tokenIds: [3, 40, ...tokenIds], lossMask: [0, 0, ...tokenIds.map(() => 1)] }));
    const scores = await engine.logProbs(rows);
    turns.forEach(({ logProbs }, i) => logProbs.forEach((value, t) => expect(Math.abs(scores[i]![2 + t]! - value)).toBeLessThan(0.02)));
    await engine.close();
  });
});
