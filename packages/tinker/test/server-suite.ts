import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainingRow } from "@retool-ts/engine";
import { probeServer, reportLines, type ServerReport, TinkerClient, TinkerEngine } from "@retool-ts/tinker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** A server of the Tinker API that the suite is run against. */
export interface ServerUnderTest {
  readonly baseUrl: string;
  /** Default: the first that it names. */
  readonly model?: string;
  readonly apiKey?: string;
  /** Rows of the embedding, at least 81. */
  readonly vocabSize: number;
  readonly eosTokenId: number;
}

const STEP = { learningRate: 5e-3 };

/** What our client needs of any server: the same on ours and on others'. */
export function serverSuite(title: string, open: () => Promise<ServerUnderTest>, { skip = false }: { readonly skip?: boolean } = {}): void {
  describe.skipIf(skip)(title, { timeout: 900_000 }, () => {
    let server: ServerUnderTest;
    let rows: readonly TrainingRow[];
    const folder = mkdtempSync(join(tmpdir(), "tinker-server-"));
    let client: TinkerClient;
    let report: ServerReport;
    let baseModel: string;
    const engineOf = () =>
      TinkerEngine.create({
        client,
        baseModel,
        rank: 4,
        model: { vocabSize: server.vocabSize, maxPositions: 128, parameters: 0 },
        optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
        semantics: report.semantics,
      });
    const learn = async (engine: TinkerEngine, steps: number) => {
      const losses: number[] = [];
      for (let step = 0; step < steps; step++) {
        losses.push((await engine.forwardBackward(rows, { name: "cross-entropy", normalizer: 4 })).loss);
        await engine.optimStep(STEP);
      }
      return losses;
    };

    beforeAll(async () => {
      server = await open();
      const { baseUrl, vocabSize, eosTokenId, apiKey, model } = server;
      rows = [
        { tokenIds: [3, 40, 5, 60, eosTokenId], lossMask: [0, 0, 1, 1, 1] },
        { tokenIds: [7, 80, 9], lossMask: [0, 1, 0] },
      ];
      client = await TinkerClient.connect({
        baseUrl,
        vocabSize,
        ...(apiKey && { apiKey, headers: { authorization: `Bearer ${apiKey}` } }),
      });
      baseModel = model ?? client.modelNames[0]!;
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
      const engine = await engineOf();
      const losses = await learn(engine, 5);
      expect(losses.at(-1)!).toBeLessThan(losses[0]!);
      await engine.saveState(folder);
      const [expected] = await engine.logProbs(rows);
      const other = await engineOf();
      await other.loadState(folder);
      const [found] = await other.logProbs(rows);
      found!.forEach((value, t) => expect(Math.abs(value - expected![t]!)).toBeLessThan(0.01));
      await engine.close();
      await other.close();
    });

    test("a policy gradient raises what had an advantage, and a snapshot stays as it was", async () => {
      const engine = await engineOf();
      await learn(engine, 1);
      const snapshot = await engine.snapshot();
      const before = await engine.logProbs(rows);
      const weighed = rows.map((row, i) => {
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
      await engine.forwardBackward(weighed, { name: "ppo-clip", clipLow: 0.2, clipHigh: 0.2, dualClip: 10, ...terms });
      await engine.optimStep(STEP);
      const after = await engine.logProbs(rows);
      const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
      expect(sum(after[0]!)).toBeGreaterThan(sum(before[0]!));
      expect(sum(after[1]!)).toBeLessThan(sum(before[1]!));
      const frozen = await snapshot.logProbs(rows);
      frozen.forEach((row, i) => row.forEach((value, t) => expect(Math.abs(value - before[i]![t]!)).toBeLessThan(0.01)));
      await engine.close();
    });

    test("turns are sampled with the trainer's log-probabilities, many at once", async () => {
      const engine = await engineOf();
      await learn(engine, 2);
      const sampler = await engine.sampler({ maxSequences: 32, maxLength: 64, vocabSize: server.vocabSize });
      const ask = (seed: number) => ({
        temperature: 1,
        topP: 1,
        topK: 0,
        maxTokens: 6,
        uniform: () => seed / 32,
        stopTokenIds: [server.eosTokenId],
      });
      const turns = await Promise.all(Array.from({ length: 32 }, (_, seed) => sampler.decode(sampler.open([3, 40]), ask(seed))));
      expect(turns.every(({ tokenIds }) => tokenIds.length > 0)).toBe(true);
      const sampled = turns.map(({ tokenIds }) => ({ tokenIds: [3, 40, ...tokenIds], lossMask: [0, 0, ...tokenIds.map(() => 1)] }));
      const scores = await engine.logProbs(sampled);
      turns.forEach(({ logProbs }, i) => logProbs.forEach((value, t) => expect(Math.abs(scores[i]![2 + t]! - value)).toBeLessThan(0.02)));
      await engine.close();
    });
  });
}
