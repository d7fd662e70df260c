import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { TEST_BACKENDS } from "./backends.js";
import { useBackend } from "../src/backend.js";
import { checkpointTensors, toCheckpoint } from "../src/checkpoint/checkpoint-layout.js";
import { loadModel } from "../src/checkpoint/checkpoint.js";
import { LocalEngine } from "../src/local-engine.js";
import { disposeLayout, packRows } from "../src/ops/packed.js";
import { tokenLogProbs } from "../src/ops/token-log-probs.js";
import { gatherRows } from "../src/ops/embedding.js";
import type { Parameters } from "../src/parameters.js";
import { Transformer } from "../src/transformer.js";
import { ADAMW, relativeDifference } from "./tiny.js";

/** Contents of the file that fixtures/make_transformers_fixture.py writes. */
interface Fixture {
  readonly config: object;
  readonly weights: string;
  readonly sequences: readonly (readonly number[])[];
  readonly logits: string;
  readonly logProbs: string;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, string>>;
}

function floats(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
}

async function load(name: string): Promise<{ fixture: Fixture; parameters: Parameters }> {
  const fixture = JSON.parse(await readFile(new URL(`fixtures/transformers-${name}.json`, import.meta.url), "utf8")) as Fixture;
  const folder = await mkdtemp(join(tmpdir(), "retool-transformers-"));
  try {
    await writeFile(join(folder, "config.json"), JSON.stringify(fixture.config));
    await writeFile(join(folder, "model.safetensors"), Buffer.from(fixture.weights, "base64"));
    return { fixture, parameters: await loadModel(folder) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Logits of all tokens, mean loss over all predicted tokens, and its gradient by parameter name. */
function compute(parameters: Parameters, sequences: Fixture["sequences"]) {
  const model = new Transformer(parameters);
  const layout = packRows(sequences.map(({ length }) => length));
  const ids = tf.tensor1d(sequences.flat(), "int32");
  const logits = tf.tidy(() => model.logits(model.forward(ids, layout)).dataSync().slice());
  const sources = sequences.flatMap((sequence, row) => sequence.slice(1).map((_, i) => layout.rowOffsets[row]! + i));
  const targets = sequences.flatMap((sequence) => sequence.slice(1));
  const names = parameters.specs.map(({ name }) => name);
  const variables = names.map((name) => parameters.get(name));
  const { value, grads } = tf.variableGrads(() => {
    const states = gatherRows(model.forward(ids, layout), tf.tensor1d(sources, "int32"));
    const { logProbs } = tokenLogProbs(model.logits(states), tf.tensor1d(targets, "int32"), { temperature: 1 });
    return tf.neg<tf.Scalar>(tf.mean(logProbs));
  }, variables);
  const gradients = new Map(names.map((name, i) => [name, grads[variables[i]!.name]!.dataSync().slice() as Float32Array]));
  const loss = value.dataSync()[0]!;
  tf.dispose([value, ids, ...Object.values(grads)]);
  disposeLayout(layout);
  model.dispose();
  return { logits, loss, gradients };
}

describe.each(TEST_BACKENDS)("numbers of transformers, on %s", (backend) => {
  test.each(["qwen2", "qwen3", "llama", "linear", "llama3", "yarn", "mistral", "qwen2-window"])(
    "%s: logits, log-probabilities, loss and the gradient of every weight",
    async (name) => {
      await useBackend(backend);
      const { fixture, parameters } = await load(name);
      const { logits, loss, gradients } = compute(parameters, fixture.sequences);
      const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 100 });
      const rows = fixture.sequences.map((tokenIds) => ({ tokenIds, lossMask: tokenIds.map(() => 1) }));
      const logProbs = (await engine.logProbs(rows)).flatMap((row) => [...row.subarray(1)]);
      engine.dispose();

      expect(relativeDifference(logits, floats(fixture.logits))).toBeLessThan(1e-4);
      expect(relativeDifference(logProbs, floats(fixture.logProbs))).toBeLessThan(1e-4);
      expect(Math.abs(loss - fixture.loss) / fixture.loss).toBeLessThan(1e-4);
      const tensors = checkpointTensors(parameters.config);
      const widths = new Map(parameters.specs.map(({ name: parameter, shape }) => [parameter, shape.at(-1)!]));
      parameters.dispose();
      const differences: Record<string, number> = {};
      for (const tensor of tensors) {
        const gradient = toCheckpoint(tensor, gradients.get(tensor.parameter!), widths.get(tensor.parameter!)!);
        differences[tensor.name] = relativeDifference(gradient, floats(fixture.gradients[tensor.name]!));
      }
      expect(Object.keys(differences).sort()).toEqual(Object.keys(fixture.gradients).sort());
      expect(Object.entries(differences).filter(([, difference]) => difference > 1e-4)).toEqual([]);
    },
  );
});
