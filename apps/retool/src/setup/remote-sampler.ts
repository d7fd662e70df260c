import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { TokenLoss } from "@retool-ts/algorithms";
import { InputError } from "@retool-ts/core";
import type { Engine } from "@retool-ts/engine";
import { SampledElsewhere } from "@retool-ts/remote-sampler";
import type { SamplerServerConfig } from "../config/engine-config.js";
import type { LoadedModel } from "./model-setup.js";
import { openSamplingServer } from "./sampling-server.js";

/**
 * The engine of a model, with its tokens sampled by a server.
 *
 * @throws InputError when the server cannot take weights such as this model's.
 */
export async function sampleElsewhere(
  { engine }: Pick<LoadedModel, "engine">,
  config: SamplerServerConfig,
  say?: (text: string) => void,
): Promise<{ readonly engine: Engine<TokenLoss>; readonly close: () => Promise<void> }> {
  const { kind, folder, concurrency } = config;
  const isAdapter = engine.parameters.lora !== undefined;
  const takesAdapters = kind !== "sglang";
  if (isAdapter !== takesAdapters) {
    throw new InputError({
      what: "config",
      where: `engine.sampler.kind: ${kind}`,
      expected: takesAdapters
        ? "a policy with an adapter, which this server takes while it runs"
        : "a policy without an adapter: SGLang reads whole models",
      found: isAdapter ? "one with an adapter" : "one whose whole model learns",
      fix: takesAdapters ? "set model.lora, as in --set model.lora.rank=16" : "set model.lora to null, or sample with vllm",
    });
  }
  const server = await openSamplingServer(config, engine.parameters.config, say);
  if (folder !== null) await mkdir(resolve(folder), { recursive: true });
  const sampled = await SampledElsewhere.create<TokenLoss>(engine, {
    server,
    concurrency,
    ...(folder !== null && { folder: resolve(folder) }),
  });
  return { engine: sampled, close: () => sampled.close() };
}
