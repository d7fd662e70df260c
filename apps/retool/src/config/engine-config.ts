import { positive } from "@retool-ts/train";
import { z } from "zod";

/** Where the policy samples and learns. */
export const EngineConfig = z.discriminatedUnion("kind", [
  /** In this process. */
  z.strictObject({ kind: z.literal("local") }),
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
export type TinkerEngineConfig = Extract<EngineConfig, { readonly kind: "tinker" }>;
