import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Problem } from "@retool-ts/data";
import type { RecipeConfig } from "../config/recipe-config.js";

/** Facts that decide the figures of an evaluation, flat: an evaluation goes on only where all of them are the same. */
export type EvalIdentity = Readonly<Record<string, string | number | boolean | null>>;

/** @param folder - of the checkpoint, or its `.gguf` file. */
export async function evalIdentity(config: RecipeConfig, folder: string, problems: readonly Problem[]): Promise<EvalIdentity> {
  const { seed, backend, prompt, dialect, sandbox, budgets, reward, eval: protocol } = config;
  const { workers: _, ...limits } = sandbox; // how many run at once changes no result
  return {
    weights: await hashModel(folder),
    problems: hashText(problems.map(({ id, question, answer }) => JSON.stringify([id, question, answer])).join("\n")),
    ...flatten({ seed, backend, prompt, dialect, sandbox: limits, budgets, reward, eval: { ...protocol, problems: problems.length } }),
  };
}

/** The first fact that differs, undefined when none does. */
export function firstDifference(kept: EvalIdentity, asked: EvalIdentity): string | undefined {
  return [...new Set([...Object.keys(kept), ...Object.keys(asked)])].find((key) => kept[key] !== asked[key]);
}

function flatten(value: unknown, path = ""): Record<string, string | number | boolean | null> {
  if (typeof value !== "object" || value === null) return { [path]: value as string | number | boolean | null };
  return Object.assign({}, ...Object.entries(value).map(([key, inner]) => flatten(inner, path === "" ? key : `${path}.${key}`)));
}

function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Hash of the weights, model config and tokenizer in a folder, or of a file that holds them all. */
async function hashModel(path: string): Promise<string> {
  const isFile = (await stat(path)).isFile();
  const folder = isFile ? dirname(path) : path;
  const all = isFile ? [basename(path)] : await readdir(path);
  const names = all.filter((name) => /\.(safetensors|gguf)$|^(config|tokenizer)\.json$/.test(name)).sort();
  const hash = createHash("sha256");
  for (const name of names.filter((file) => file !== "optimizer.safetensors")) {
    hash.update(`${name}\n`);
    await pipeline(createReadStream(join(folder, name)), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) hash.update(chunk);
    });
  }
  return hash.digest("hex");
}
