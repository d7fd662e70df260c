import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { LoadedWeights, SamplingServer } from "./sampling-server.js";

/** Where versions of weights go through. */
export interface ServedWeightsOptions {
  readonly server: SamplingServer;
  /** Seen by this process and the server. */
  readonly folder: string;
  readonly name: string;
  /** Writes the weights as they are now. */
  readonly save: (folder: string) => Promise<void>;
}

/** One policy's weights on a server: each version is written and loaded once, when it is first sampled from. */
export class ServedWeights {
  readonly #options: ServedWeightsOptions;
  #version = 0;
  #loaded: { readonly version: number; readonly weights: Promise<LoadedWeights> } | undefined;

  constructor(options: ServedWeightsOptions) {
    this.#options = options;
  }

  /** To be called after an update: what the server has is old. */
  changed(): void {
    this.#version++;
  }

  /** The newest weights, on the server. */
  newest(): Promise<LoadedWeights> {
    const before = this.#loaded;
    if (before?.version === this.#version) return before.weights;
    const next = { version: this.#version, weights: this.#load(this.#version, before?.weights) };
    this.#loaded = next;
    next.weights.catch(() => {
      if (this.#loaded === next) this.#loaded = undefined; // so that the next asks again
    });
    return next.weights;
  }

  async release(): Promise<void> {
    const { server, name } = this.#options;
    const weights = await this.#loaded?.weights.catch(() => undefined);
    if (weights === undefined) return;
    await server.unload(name);
    await rm(weights.folder, { recursive: true, force: true });
  }

  async #load(version: number, before: Promise<LoadedWeights> | undefined): Promise<LoadedWeights> {
    const { server, folder, name, save } = this.#options;
    const old = await before?.catch(() => undefined);
    const weights = { name, folder: join(folder, `${name}-${version}`), version: String(version) };
    await rm(weights.folder, { recursive: true, force: true });
    await save(weights.folder);
    await server.load(weights);
    if (old !== undefined) await rm(old.folder, { recursive: true, force: true });
    return weights;
  }
}
