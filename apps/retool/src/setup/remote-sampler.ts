import { resolve } from "node:path";
import type { TokenLoss } from "@retool-ts/algorithms";
import { defined, InputError } from "@retool-ts/core";
import type { Engine } from "@retool-ts/engine";
import { SampledElsewhere, SglangServer, VllmServer } from "@retool-ts/remote-sampler";
import type { SamplerServerConfig } from "../config/engine-config.js";
import type { LoadedModel } from "./model-setup.js";

/**
 * The engine of a model, with its tokens sampled by a server.
 *
 * @throws InputError when the server cannot take weights such as this model's.
 */
export async function sampleElsewhere(
  { engine }: Pick<LoadedModel, "engine">,
  { kind, baseUrl, model, folder, concurrency }: SamplerServerConfig,
): Promise<{ readonly engine: Engine<TokenLoss>; readonly close: () => Promise<void> }> {
  const isAdapter = engine.parameters.lora !== undefined;
  if (isAdapter !== (kind === "vllm")) {
    throw new InputError({
      what: "config",
      where: `engine.sampler.kind: ${kind}`,
      expected:
        kind === "vllm"
          ? "a policy with an adapter, which vLLM takes while it runs"
          : "a policy without an adapter: SGLang reads whole models",
      found: isAdapter ? "one with an adapter" : "one whose whole model learns",
      fix: kind === "vllm" ? "set model.lora, as in --set model.lora.rank=16" : "set model.lora to null, or sample with vllm",
    });
  }
  const apiKey = process.env["RETOOL_SAMPLER_KEY"] || undefined;
  const options = { baseUrl, ...defined({ apiKey }) };
  const server =
    kind === "vllm" ? await VllmServer.open({ ...options, ...(model !== null && { model }) }) : await SglangServer.open(options);
  const sampled = await SampledElsewhere.create<TokenLoss>(engine, {
    server,
    concurrency,
    ...(folder !== null && { folder: resolve(folder) }),
  });
  return { engine: sampled, close: () => sampled.close() };
}
