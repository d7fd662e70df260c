import { execFile } from "node:child_process";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkpointTensors } from "../src/checkpoint/checkpoint-layout.js";
import { modelConfigToHuggingFace, type ModelConfig } from "../src/config.js";
import { encodeSafetensorsHeader } from "../src/checkpoint/safetensors.js";
import { NATIVE } from "./backends.js";
import { TINY } from "./tiny.js";

/** 78 million parameters. Embedding and head are a quarter each, so that one of them held twice shows. */
const CONFIG: ModelConfig = { ...TINY, vocabSize: 32_768, hiddenSize: 640, intermediateSize: 1_728, layers: 9, heads: 10, kvHeads: 2, headDim: 64, tiedEmbeddings: false, attentionBias: false }; // prettier-ignore
const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), "..");

let built: string;
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "retool-load-"));
  await mkdir(join(PACKAGE, "dist"), { recursive: true });
  built = await mkdtemp(join(PACKAGE, "dist/.test-")); // there, it finds the same dependencies as the sources
  await build({
    entryPoints: [join(PACKAGE, "test/load-memory-process.ts")],
    outdir: built,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
});
afterAll(async () => {
  await rm(built, { recursive: true, force: true });
  await rm(scratch, { recursive: true, force: true });
});

/** A model whose weights are all the same small number. */
async function writeModel(dtype: "BF16" | "F16"): Promise<string> {
  const folder = join(scratch, dtype);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), JSON.stringify(modelConfigToHuggingFace(CONFIG, {})));
  const file = await open(join(folder, "model.safetensors"), "w");
  try {
    const tensors = checkpointTensors(CONFIG);
    await file.write(encodeSafetensorsHeader(tensors, {}, dtype));
    for (const { shape } of tensors) {
      await file.write(Buffer.alloc(2 * shape.reduce((product, size) => product * size, 1), Uint8Array.of(0x12, 0x3c)));
    }
  } finally {
    await file.close();
  }
  return folder;
}

const cases = ["wasm", "cpu", ...(NATIVE === undefined ? [] : [NATIVE])].flatMap((backend) =>
  (["BF16", "F16"] as const).map((dtype) => [backend, dtype] as const),
);

test.skipIf(process.platform !== "linux").each(cases)(
  "%s: loading %s takes at most 1.2 times the weights in 32-bit floats (on Linux, which tells a process its peak of resident memory)",
  async (backend, dtype) => {
    const program = join(built, "load-memory-process.js");
    const { stdout } = await promisify(execFile)(process.execPath, [program, backend, await writeModel(dtype)]);
    const { weights, taken } = JSON.parse(stdout) as { readonly weights: number; readonly taken: number };
    expect(weights).toBeGreaterThan(300e6);
    expect(taken / weights).toBeGreaterThan(0.9); // else not all of it was looked at
    expect(taken / weights).toBeLessThan(1.2);
  },
);
