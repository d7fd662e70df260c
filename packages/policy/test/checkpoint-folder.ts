import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach } from "vitest";
import { useBackend } from "../src/backend.js";
import type { ModelConfig } from "../src/config.js";
import { Parameters } from "../src/parameters.js";

/** A folder of its own for each test of a file, on the wasm backend; returns what tells its path. */
export function useCheckpointFolder(): () => string {
  let folder = "";
  beforeAll(() => useBackend("wasm").then(() => undefined));
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-checkpoint-"))));
  afterEach(() => rm(folder, { recursive: true }));
  return () => folder;
}

/** Random weights that are the same each time. */
export function randomModel(config: ModelConfig): Parameters {
  return Parameters.initialize(config, { seed: 5, embeddingStd: 0.1 });
}

/** The bits of all weights. */
export function bits(parameters: Parameters): Record<string, Uint32Array> {
  return Object.fromEntries(
    parameters.specs.map(({ name }) => [name, new Uint32Array((parameters.get(name).dataSync() as Float32Array).slice().buffer)]),
  );
}
