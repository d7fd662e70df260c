import { join, resolve } from "node:path";
import { defined, InputError } from "@retool-ts/core";
import type { ModelConfig } from "@retool-ts/policy";
import { writeGgufAdapter } from "@retool-ts/policy/node";
import { LlamaServer, SglangServer, VllmServer, type SamplingServer } from "@retool-ts/remote-sampler";
import type { SamplerServerConfig } from "../config/engine-config.js";

/** The file of llama.cpp's adapter, in the folder through which weights go. */
const ADAPTER_FILE = "adapter.gguf";

/**
 * The server that a config names; its key is read from RETOOL_SAMPLER_KEY.
 *
 * @throws InputError when a setting that it needs is missing.
 */
export async function openSamplingServer(
  { kind, baseUrl, model: name, folder }: SamplerServerConfig,
  model: Pick<ModelConfig, "modelType" | "headDim">,
  say?: (text: string) => void,
): Promise<SamplingServer> {
  const options = { baseUrl, ...defined({ apiKey: process.env["RETOOL_SAMPLER_KEY"] || undefined }) };
  switch (kind) {
    case "vllm":
      return VllmServer.open({ ...options, ...(name !== null && { model: name }) });
    case "sglang":
      return SglangServer.open(options);
    case "llama": {
      if (folder === null) {
        const expected = "the folder of the adapter that llama-server was given";
        const fix = `set it, and start llama-server with --lora FOLDER/${ADAPTER_FILE} --sleep-idle-seconds 1`;
        throw new InputError({ what: "config", where: "engine.sampler.folder", expected, found: "null", fix });
      }
      const adapterFile = join(resolve(folder), ADAPTER_FILE);
      const writeAdapter = (from: string, path: string): Promise<void> => writeGgufAdapter(from, path, model);
      return new LlamaServer({ ...options, adapterFile, writeAdapter, ...defined({ say }) });
    }
  }
}
