import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { build, type BuildFailure } from "esbuild";
import { expect, test } from "vitest";

/** A bundle for browsers. Nothing is left out of it, so that a built-in module of Node is an error. */
function bundle(entry: string, contents = `export * from "${entry}";`) {
  return build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    format: "iife",
    globalName: "bundled",
    platform: "browser",
    conditions: ["@retool-ts/source"],
    write: false,
    logLevel: "silent",
  });
}

test.each(["@retool-ts/policy", "@retool-ts/algorithms", "@retool-ts/engine"])(
  "the main entry of %s has all it needs in a browser",
  async (entry) => {
    const { outputFiles } = await bundle(entry);
    expect(outputFiles[0]!.text).not.toMatch(/["']node:/);
  },
);

test("the entry for Node has not, so that the check above would see it", async () => {
  const failure = (await bundle("@retool-ts/policy/node").catch((error: unknown) => error)) as BuildFailure;
  expect(failure.errors.map(({ text }) => text).join("\n")).toContain('Could not resolve "node:fs"');
});

/** Runs with the bundle as `policy` and tfjs as `tf`: a few steps of learning, and a greedy answer. */
const LESSON = `
  await policy.useBackend("cpu");
  const config = {
    modelType: "qwen2", vocabSize: 12, hiddenSize: 16, intermediateSize: 16, layers: 1, heads: 2, kvHeads: 1, headDim: 8, maxPositions: 32,
    rmsNormEpsilon: 1e-6, ropeTheta: 10_000, tiedEmbeddings: true, attentionBias: true, queryKeyNorm: false,
  };
  const parameters = policy.Parameters.initialize(config, { seed: 1, embeddingStd: 0.1 });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  const engine = new policy.LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 4096 });
  const row = { tokenIds: [1, 2, 9, 7, 5, 0], lossMask: [0, 0, 1, 1, 1, 1] };
  for (let step = 0; step < 30; step++) {
    await engine.forwardBackward([row], { name: "cross-entropy", normalizer: 4 });
    await engine.optimStep({ learningRate: 0.05 });
  }
  const sampler = await engine.sampler({ maxSequences: 2, maxLength: 32, vocabSize: 12 });
  const request = { temperature: 0, topP: 1, topK: 0, maxTokens: 8, stopTokenIds: [0], uniform: () => 0.5 };
  const answers = await Promise.all([0, 1].map(() => sampler.decode(sampler.open([1, 2]), request)));
  for (const one of [sampler, engine, parameters]) one.dispose();
  return answers.map(({ tokenIds, finish }) => [...tokenIds, finish].join(" ")).join(", ");
`;

test("where there is nothing of Node, a model learns and samples", async () => {
  const source = `import * as policy from "@retool-ts/policy"; export const answer = (async () => {${LESSON}})();`;
  const { outputFiles } = await bundle("", source);
  const page: Record<string, unknown> = { document: {}, navigator: { userAgent: "" }, console: { warn() {}, log() {} } };
  Object.assign(page, { crypto, performance, MessageChannel, TextDecoder, TextEncoder, WebAssembly, atob, setTimeout, clearTimeout });
  page["window"] = page["self"] = page;
  const answer = runInNewContext(`${outputFiles[0]!.text}; bundled.answer`, page) as Promise<string>;
  expect(await answer).toBe("9 7 5 0 stop, 9 7 5 0 stop");
});
