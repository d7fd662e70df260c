import { expect, test } from "vitest";
import type { LoadedModel } from "./model-setup.js";
import { sampleElsewhere } from "./remote-sampler.js";

const at = { baseUrl: "http://127.0.0.1:1", model: null, folder: null, concurrency: 1 };
const model = (lora: object | undefined) => ({ engine: { parameters: { lora } } }) as unknown as LoadedModel;

test("what a server cannot take is refused before it is asked", async () => {
  await expect(sampleElsewhere(model(undefined), { ...at, kind: "vllm" })).rejects.toThrow(
    /expected a policy with an adapter.*set model\.lora/s,
  );
  await expect(sampleElsewhere(model({}), { ...at, kind: "sglang" })).rejects.toThrow(
    /expected a policy without an adapter.*model\.lora to null/s,
  );
});

test("llama.cpp needs the folder of its adapter, and says how it is started", async () => {
  const tuned = { engine: { parameters: { lora: {}, config: { modelType: "qwen3", headDim: 8 } } } } as unknown as LoadedModel;
  await expect(sampleElsewhere(tuned, { ...at, kind: "llama" })).rejects.toThrow(
    /engine\.sampler\.folder.*found null.*--lora FOLDER\/adapter\.gguf --sleep-idle-seconds 1/s,
  );
  await expect(sampleElsewhere(model(undefined), { ...at, kind: "llama" })).rejects.toThrow("expected a policy with an adapter");
});
