import type { SamplingFormat } from "@retool-ts/policy";
import { positive } from "@retool-ts/train";
import { z } from "zod";

const SAMPLING_FORMATS = ["float32", "int8"] as const satisfies readonly SamplingFormat[];

/** A server that samples in place of this process. */
const SamplerServer = z.strictObject({
  kind: z
    .enum(["vllm", "sglang", "llama"])
    .describe(
      "vLLM takes adapters while it runs; SGLang reads whole models from a folder; llama.cpp reads an adapter's file after it slept.",
    ),
  baseUrl: z.url({ protocol: /^https?$/ }).describe("Address of the server, such as http://127.0.0.1:8000."),
  model: z.string().nullable().default(null).describe("Of vLLM: the base model, as the server names it; null = the only one."),
  folder: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "Folder through which weights go, at the same path here and on the server; null = a new one in the system's temporary folder, which llama.cpp cannot use.",
    ),
  concurrency: positive.default(256).describe("Requests for samples that wait for their answers at once."),
});

/** Address in the config of a dry run that nobody gave one: no host has such a name (RFC 2606). */
export const UNNAMED_SERVER = "http://server.invalid";

/** Where the policy samples and learns. */
export const EngineConfig = z.discriminatedUnion("kind", [
  /** In this process. */
  z
    .strictObject({
      kind: z.literal("local"),
      sampler: SamplerServer.nullable()
        .default(null)
        .describe("A server that samples, with weights refreshed after each update; its key is read from RETOOL_SAMPLER_KEY. null = here."),
      samplerWeights: z
        .enum(SAMPLING_FORMATS)
        .default("float32")
        .describe(
          "Weights that are sampled with here. `int8`: whole numbers in 8 bits and a scale for each output channel, made anew after each update; an adapter stays in floats. Training is in floats.",
        ),
    })
    .refine(({ sampler, samplerWeights }) => sampler === null || samplerWeights === "float32", {
      path: ["samplerWeights"],
      error: "float32 with a sampler elsewhere, which has weights of its own",
    }),
  /** On a server of the Tinker API; the key is read from TINKER_API_KEY. */
  z.strictObject({
    kind: z.literal("tinker"),
    baseUrl: z.url({ protocol: /^https?$/ }).describe("Address of the server, such as http://127.0.0.1:8765."),
    baseModel: z.string().nullable().default(null).describe("The base model, as the server names it; null = the only one that it offers."),
    concurrency: positive.default(256).describe("Requests for samples that wait for their results at once."),
    resultMinutes: positive.default(30).describe("Minutes that one result may take; a first call may compile for some."),
  }),
]);
/** Parsed {@link EngineConfig}. */
export type EngineConfig = z.infer<typeof EngineConfig>;
export type SamplerServerConfig = z.infer<typeof SamplerServer>;
export type TinkerEngineConfig = Extract<EngineConfig, { readonly kind: "tinker" }>;
