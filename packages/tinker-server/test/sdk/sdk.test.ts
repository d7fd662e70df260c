import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useBackend, type Parameters } from "@retool-ts/policy";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localBase } from "../../src/local-base.js";
import { openTinkerServer, type TinkerServer } from "../../src/tinker-server.js";
import { byteModel, byteText, writeByteTokenizer } from "./byte-model.js";
import { pythonOf, runScript, whyNot } from "./python-environment.js";

const reason = await whyNot("sdk");
const title = `the official SDK${reason === undefined ? "" : ` (skipped: ${reason})`}`;
/** An environment may have to be installed first. */
const LIMIT_MS = 600_000;

/** What drive_sdk.py prints. */
interface Seen {
  readonly [key: string]: unknown;
  readonly losses: number[];
  readonly gradNorms: number[];
  readonly samples: number[][][];
  readonly bigSum: number;
  readonly oneSum: number;
}

describe.skipIf(reason !== undefined)(title, () => {
  let folder: string;
  let parameters: Parameters;
  let server: TinkerServer;

  beforeAll(async () => {
    await useBackend("wasm");
    folder = await mkdtemp(join(tmpdir(), "tinker-sdk-"));
    parameters = byteModel();
    await writeByteTokenizer(join(folder, "tokenizer"));
    // The cookbook takes a model's name for its tokenizer's.
    const names = ["bytes", join(folder, "tokenizer")];
    const known = { vocabSize: 260, eosTokenIds: [258], textStream: byteText };
    const bases = names.map((name) => localBase(parameters, { name, ...known }));
    server = await openTinkerServer({ bases, folder: join(folder, "state"), port: 0, token: "tml-secret" });
  });
  afterAll(async () => {
    await server.close(500);
    parameters.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(["0.25.0", "0.38.0"] as const)(
    "version %s trains, samples, saves and resumes",
    async (version) => {
      const python = await pythonOf(`tinker-${version}`);
      const seen = await runScript<Seen>(python, "drive_sdk.py", [server.url, "bytes"]);
      expect(seen["sdk"]).toBe(version);
      expect(seen["models"]).toEqual(["bytes", join(folder, "tokenizer")]);
      expect(seen.losses.at(-1)!).toBeLessThan(0.2 * seen.losses[0]!);
      expect(seen.gradNorms.every((norm) => norm > 0)).toBe(true);
      // At ratio 1 the objective is the number of tokens that learn.
      for (const loss of ["importance_sampling", "ppo"]) expect(seen[loss]).toBeCloseTo(-10, 4);
      expect(seen["big"]).toBe(2100);
      expect(seen.bigSum / seen.oneSum / 2100).toBeCloseTo(1, 6);
      expect(seen["badId"]).toContain("expected a token id from 0 to 259, found 99999");
      expect(seen["afterBadId"]).toContain("a forward_backward before it failed");
      expect(seen.samples[1]).toEqual(seen.samples[0]);
      expect(new Set(seen.samples[0]!.map(String)).size).toBe(3);
      expect([seen["promptLogprobs"], seen["topk"]]).toEqual([5, [null, 2, 2, 2, 2]]);
      expect(seen["greedy"]).toContain("4, 3+3");
      expect(seen["stopped"]).toEqual(["stop", "4,"]);
      expect([seen["resumed"], seen["sampledFromPath"]]).toEqual([true, 3]);
    },
    LIMIT_MS,
  );

  test(
    "tinker-cookbook's RL loop raises its reward, and its custom losses have their gradient",
    async () => {
      const python = await pythonOf("tinker-cookbook-0.5.8");
      const rewards = await runScript<number[]>(python, "cookbook_rl.py", [
        server.url,
        join(folder, "tokenizer"),
        join(folder, "rl"),
        "14",
      ]);
      console.log(`tinker-cookbook's rewards: ${rewards.map((reward) => reward.toFixed(2)).join(" ")}`);
      expect(rewards).toHaveLength(14);
      expect(rewards[0]).toBeLessThan(0.4);
      expect(Math.min(...rewards.slice(-3))).toBeGreaterThan(0.8);
      const { custom } = await runScript<{ readonly custom: number }>(python, "drive_sdk.py", [server.url, "bytes"]);
      expect(custom).toBeCloseTo(1, 5);
    },
    LIMIT_MS,
  );
});
