import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Parameters, useBackend, type ModelConfig } from "@retool-ts/policy";
import { localBase, type LocalBaseOptions } from "../src/local-base.js";
import { openTinkerServer, type TinkerServer, type TinkerServerOptions } from "../src/tinker-server.js";
import { TestClient } from "./test-client.js";

/** Letters a to z, then a few ids of no letter; the last two rows of the embedding belong to no token. */
export const TINY: ModelConfig = {
  modelType: "qwen3",
  vocabSize: 34,
  hiddenSize: 24,
  intermediateSize: 20,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  maxPositions: 64,
  rmsNormEpsilon: 1e-6,
  ropeTheta: 100,
  tiedEmbeddings: true,
  attentionBias: false,
  queryKeyNorm: true,
};
export const VOCABULARY = 32;
export const EOS = 31;

/** A server over a tiny model, in a folder of its own, and what belongs to it. */
export class TinyServer {
  readonly folder: string;
  readonly parameters: Parameters;
  server: TinkerServer;
  readonly #options: Partial<TinkerServerOptions>;
  readonly #base: Partial<LocalBaseOptions>;

  private constructor(folder: string, parameters: Parameters, server: TinkerServer, options: TinyOptions) {
    this.folder = folder;
    this.parameters = parameters;
    this.server = server;
    this.#options = options.server ?? {};
    this.#base = options.base ?? {};
  }

  static async open(options: TinyOptions = {}): Promise<TinyServer> {
    await useBackend("wasm");
    const folder = await mkdtemp(join(tmpdir(), "tinker-server-"));
    const parameters = Parameters.initialize({ ...TINY, ...options.model }, { seed: 5, embeddingStd: 0.3 });
    return new TinyServer(folder, parameters, await serve(folder, parameters, options), options);
  }

  client(headers: Readonly<Record<string, string>> = {}): TestClient {
    return new TestClient(this.server.url, headers);
  }

  /** Closes the server and opens its folder again, as another process would. */
  async reopen(options: Partial<TinkerServerOptions> = {}): Promise<void> {
    await this.server.close(200);
    this.server = await serve(this.folder, this.parameters, { server: { ...this.#options, ...options }, base: this.#base });
  }

  async close(): Promise<void> {
    await this.server.close(200);
    this.parameters.dispose();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Changes of a tiny server. */
export interface TinyOptions {
  readonly model?: Partial<ModelConfig>;
  readonly server?: Partial<TinkerServerOptions>;
  readonly base?: Partial<LocalBaseOptions>;
}

/** Text of the tiny vocabulary. */
export const letter = (id: number): string => (id < 26 ? String.fromCharCode(97 + id) : "");

function serve(folder: string, parameters: Parameters, { server = {}, base = {} }: TinyOptions): Promise<TinkerServer> {
  const textStream = () => ({ push: letter });
  const served = localBase(parameters, {
    name: "tiny",
    vocabSize: VOCABULARY,
    eosTokenIds: [EOS],
    textStream,
    maxTokensPerPass: 128,
    ...base,
  });
  return openTinkerServer({ bases: [served], folder: join(folder, "state"), port: 0, maxSequences: 8, ...server });
}
