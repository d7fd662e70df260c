import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streamKey, uniformAt } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TEST_BACKENDS } from "./backends.js";
import { useBackend } from "../src/backend.js";
import { loadModel, saveModel } from "../src/checkpoint/checkpoint.js";
import { LocalEngine } from "../src/local-engine.js";
import { adapterBaseModel, loadAdapter, saveAdapter } from "../src/lora/adapter-checkpoint.js";
import { LORA_MODULES, loraPlace, type LoraModule } from "../src/lora/lora-options.js";
import { disposeLayout, packRows } from "../src/ops/packed.js";
import type { Parameters } from "../src/parameters.js";
import { parseSafetensors } from "./safetensors-bytes.js";
import { Transformer } from "../src/transformer.js";
import { ADAMW, relativeDifference } from "./tiny.js";

/** Contents of the file that fixtures/make_lora_fixture.py writes. */
interface Fixture {
  readonly config: object;
  readonly weights: string;
  readonly sequences: readonly (readonly number[])[];
  readonly adapters: Readonly<Record<string, AdapterFixture>>;
}

interface AdapterFixture {
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: string;
  readonly logits: string;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, string>>;
}

const fixture = JSON.parse(await readFile(new URL("fixtures/lora.json", import.meta.url), "utf8")) as Fixture;

function floats(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-lora-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function baseModel(): Promise<Parameters> {
  await writeFile(join(folder, "config.json"), JSON.stringify(fixture.config));
  await writeFile(join(folder, "model.safetensors"), Buffer.from(fixture.weights, "base64"));
  return loadModel(folder);
}

async function writeAdapter({ config, weights }: AdapterFixture, changes: object = {}): Promise<void> {
  await writeFile(join(folder, "adapter_config.json"), JSON.stringify({ ...config, ...changes }));
  await writeFile(join(folder, "adapter_model.safetensors"), Buffer.from(weights, "base64"));
}

function logitsOf(parameters: Parameters, options?: { readonly adapter: boolean }): Float32Array {
  const model = new Transformer(parameters, options);
  const layout = packRows(fixture.sequences.map(({ length }) => length));
  const ids = tf.tensor1d(fixture.sequences.flat(), "int32");
  const logits = tf.tidy(() => model.logits(model.forward(ids, layout)).dataSync().slice() as Float32Array);
  ids.dispose();
  disposeLayout(layout);
  model.dispose();
  return logits;
}

/** Mean loss over all predicted tokens, and its gradients by PEFT's names. */
async function lossAndGradients(parameters: Parameters, gradientCheckpointing: boolean) {
  const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 100, gradientCheckpointing });
  const gradients = new Map<string, Float32Array>();
  engine.optimizer.update = async (all) => {
    for (const [name, tensor] of all) gradients.set(name, tensor.dataSync().slice() as Float32Array);
    return { gradNorm: 0, applied: true };
  };
  const rows = fixture.sequences.map((tokenIds) => ({ tokenIds, lossMask: tokenIds.map(() => 1) }));
  const { loss } = await engine.forwardBackward(rows, ({ logProbs }) => ({ loss: tf.neg<tf.Scalar>(tf.mean(logProbs)) }));
  await engine.optimStep({ learningRate: 0 });
  engine.dispose();
  return { loss, gradients };
}

describe.each(TEST_BACKENDS)("numbers of PEFT, on %s", (backend) => {
  test.each(Object.keys(fixture.adapters))(
    "adapter on %s modules: logits, loss, the gradients of A and B, and nothing else",
    async (name) => {
      await useBackend(backend);
      const expected = fixture.adapters[name]!;
      const parameters = await baseModel();
      const before = logitsOf(parameters);
      await writeAdapter(expected);
      await loadAdapter(folder, parameters);

      expect(relativeDifference(logitsOf(parameters), floats(expected.logits))).toBeLessThan(1e-4);
      expect(logitsOf(parameters, { adapter: false })).toEqual(before);
      for (const gradientCheckpointing of [false, true]) {
        const { loss, gradients } = await lossAndGradients(parameters, gradientCheckpointing);
        expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(1e-4);
        expect(gradients.size).toBe(Object.keys(expected.gradients).length);
        const differences = Object.entries(expected.gradients).map(([peft, values]) => {
          const [, layer, path, matrix] = /layers\.(\d+)\.(.+)\.lora_([AB])\./.exec(peft)!;
          const module = LORA_MODULES.find((known) => loraPlace(parameters.config, known).path === path)!;
          const { shape } = parameters.get(`layers.${layer}.${module}.lora${matrix}`);
          const found = gradients.get(`layers.${layer}.${module}.lora${matrix}`)!;
          const transposed = tf.tidy(() => tf.transpose(tf.tensor2d(found, shape as [number, number])).dataSync());
          return [peft, relativeDifference(transposed, floats(values))] as const;
        });
        expect(differences.filter(([, difference]) => !(difference < 1e-4))).toEqual([]);
      }
      parameters.dispose();
    },
  );
});

describe("adapter folders", () => {
  test("are written as PEFT writes them: the same tensors to the bit", async () => {
    await useBackend("wasm");
    for (const expected of Object.values(fixture.adapters)) {
      const parameters = await baseModel();
      await writeAdapter(expected);
      await loadAdapter(folder, parameters);
      await saveAdapter(join(folder, "saved"), parameters, { baseModel: "some/model" });
      parameters.dispose();
      const saved = parseSafetensors(await readFile(join(folder, "saved/adapter_model.safetensors")));
      const original = parseSafetensors(Buffer.from(expected.weights, "base64"));
      expect(new Map(saved.tensors)).toEqual(new Map([...original.tensors].sort(([a], [b]) => (a < b ? -1 : 1))));
      const config = JSON.parse(await readFile(join(folder, "saved/adapter_config.json"), "utf8")) as Record<string, unknown>;
      for (const [key, value] of Object.entries(config)) {
        if (key === "base_model_name_or_path") expect(value).toBe("some/model");
        else if (key === "target_modules") expect([...(value as string[])].sort()).toEqual([...(expected.config[key] as string[])].sort());
        else expect({ [key]: value }).toEqual({ [key]: expected.config[key] });
      }
      expect(await adapterBaseModel(join(folder, "saved"))).toBe("some/model");
    }
  });

  test("a rank-stabilised adapter is merged with its own scale", async () => {
    await useBackend("wasm");
    const parameters = await baseModel();
    parameters.addAdapter({ rank: 4, alpha: 3, dropout: 0, modules: ["q", "down"], rankStabilized: true, seed: 1 }, ({ name, shape }) => {
      const key = streamKey(1, [name]);
      return Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => uniformAt(key, i) - 0.5);
    });
    const adapted = logitsOf(parameters);
    expect(relativeDifference(adapted, logitsOf(parameters, { adapter: false }))).toBeGreaterThan(0.01);
    await saveModel(join(folder, "stabilised"), parameters);
    parameters.dispose();
    const merged = await loadModel(join(folder, "stabilised"));
    expect(relativeDifference(logitsOf(merged), adapted)).toBeLessThan(1e-5);
    merged.dispose();
  });

  test("merged weights give the same logits, without the adapter those of the base", async () => {
    await useBackend("wasm");
    const parameters = await baseModel();
    const base = logitsOf(parameters);
    await writeAdapter(fixture.adapters["all"]!);
    await loadAdapter(folder, parameters);
    const adapted = logitsOf(parameters);
    await saveModel(join(folder, "merged"), parameters);
    await saveModel(join(folder, "base"), parameters, { adapter: "omit" });
    parameters.dispose();
    for (const [name, logits, tolerance] of [
      ["merged", adapted, 1e-5],
      ["base", base, 0],
    ] as const) {
      const loaded = await loadModel(join(folder, name));
      expect(relativeDifference(logitsOf(loaded), logits)).toBeLessThanOrEqual(tolerance);
      loaded.dispose();
    }
    expect(relativeDifference(adapted, base)).toBeGreaterThan(0.1);
  });

  const all = fixture.adapters["all"]!;
  test("modules that are listed twice count once, as in PEFT", async () => {
    await useBackend("wasm");
    const parameters = await baseModel();
    const modules = all.config["target_modules"] as string[];
    await writeAdapter(all, { target_modules: [...modules, ...modules] });
    await loadAdapter(folder, parameters);
    expect(parameters.lora?.modules).toHaveLength(modules.length);
    parameters.dispose();
  });

  const paths = (from: number, to: number, prefix: string) => (modules: readonly string[]) =>
    modules.flatMap((module) =>
      Array.from({ length: to - from }, (_, layer) => `${prefix}${from + layer}.${module.length < 7 ? "self_attn" : "mlp"}.${module}`),
    );
  test.each([
    ["whole paths", paths(0, 2, "model.layers.")],
    ["paths within the model", paths(0, 2, "layers.")],
    ["the ends of paths", (modules: readonly string[]) => modules.map((module) => `${module.length < 7 ? "self_attn" : "mlp"}.${module}`)],
  ])("modules that are named by %s are those modules", async (_, name) => {
    await useBackend("wasm");
    const modules = all.config["target_modules"] as string[];
    const [parameters, plain] = [await baseModel(), await baseModel()];
    await writeAdapter(all);
    await loadAdapter(folder, plain);
    expect(parameters.config.layers).toBe(2);
    await writeAdapter(all, { target_modules: name(modules) });
    await loadAdapter(folder, parameters);
    expect([...parameters.lora!.modules].sort()).toEqual([...plain.lora!.modules].sort());
    expect(logitsOf(parameters)).toEqual(logitsOf(plain));
    parameters.dispose();
    plain.dispose();
  });

  test.each([
    ["some layers only", { target_modules: paths(0, 1, "model.layers.")(all.config["target_modules"] as string[]) }, "in all 2 layers"],
    [
      "layers that the model has not",
      { target_modules: paths(0, 3, "layers.")(["q_proj"]) },
      "in all 2 layers of this model, found layers 0, 1, 2",
    ],
    ["a module in another place", { target_modules: ["mlp.q_proj"] }, "mlp.q_proj"],
    ["uses of DoRA", { use_dora: true }, "use_dora"],
    ["uses of PiSSA", { init_lora_weights: "pissa_niter_4" }, "init_lora_weights"],
    ["trained tokens", { trainable_token_indices: [3] }, "trainable_token_indices"],
    ["an adapter that waits for a token", { alora_invocation_tokens: [1, 2] }, "alora_invocation_tokens"],
    ["trained biases", { bias: "all" }, "bias"],
    ["whole modules", { modules_to_save: ["lm_head"] }, "modules_to_save"],
    ["ranks by module", { rank_pattern: { q_proj: 8 } }, "rank_pattern"],
    ["another method", { peft_type: "IA3" }, "peft_type"],
    ["another rank", { r: 4 }, "shape [4, 12]"],
    ["unknown modules", { target_modules: ["c_attn"] }, "c_attn"],
    ["fewer modules than tensors", { target_modules: ["q_proj"] }, "mlp.down_proj.lora_A"],
    ["shorthands instead of a list of modules", { target_modules: "all-linear" }, "target_modules"],
  ])("%s are refused and leave the model as it was", async (_, changes, part) => {
    await useBackend("wasm");
    const parameters = await baseModel();
    await writeAdapter(all, changes);
    const failure = await loadAdapter(folder, parameters).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "INPUT", message: expect.stringContaining(part) as unknown });
    expect(parameters.lora).toBeUndefined();
    expect(parameters.get("embed").trainable).toBe(true);
    parameters.dispose();
  });

  test("a model has one adapter, and options that make none are refused", async () => {
    await useBackend("wasm");
    const parameters = await baseModel();
    const options = { rank: 2, alpha: 4, dropout: 0, modules: ["q"] as const, seed: 1 };
    await expect(saveAdapter(folder, parameters)).rejects.toThrow("a model without one");
    const modules = ["qkv"] as unknown as LoraModule[];
    for (const wrong of [
      { rank: 0 },
      { rank: 1.5 },
      { alpha: 0 },
      { dropout: 1 },
      { modules: [] },
      { modules },
      { modules: ["q", "q"] as LoraModule[] },
    ]) {
      expect(() => parameters.addAdapter({ ...options, ...wrong }), JSON.stringify(wrong)).toThrow(Object.keys(wrong)[0]);
    }
    parameters.addAdapter(options);
    expect(() => parameters.addAdapter(options)).toThrow("a model with an adapter");
    parameters.dispose();
  });
});
