import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { evaluateCheckpoint, type EvalOptions } from "../evaluation/evaluate-checkpoint.js";
import { loadConfig } from "../config/load-config.js";
import { setUpModel } from "../setup/model-setup.js";
import { saveModelFolder } from "../setup/save-model.js";
import { exportCheckpoint } from "./export-run.js";
import { runCommand } from "./recipe-run.js";

/** Waits between attempts to reach a hub are not waited for. */
vi.mock("node:timers/promises", async (original) => ({ ...(await original<object>()), setTimeout: async () => {} }));

const context = quietShell();

let folder: string;
let checkpoint: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-bad-input-"));
  checkpoint = join(folder, "checkpoint");
  const model = await setUpModel(await loadConfig({ preset: "smoke", set: ["backend=wasm"] }));
  await saveModelFolder(checkpoint, model);
  model.dispose();
});
afterAll(() => rm(folder, { recursive: true }));

/** The error of an evaluation; everything a user gets wrong must be an InputError. */
async function problemOf(options: Partial<EvalOptions>): Promise<InputError> {
  const error: unknown = await evaluateCheckpoint({ model: checkpoint, set: ["backend=wasm"], json: true, ...options }, context).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function spoiledCheckpoint(name: string, spoil: (path: string) => Promise<void>): Promise<string> {
  const path = join(folder, name);
  await cp(checkpoint, path, { recursive: true });
  await spoil(path);
  return path;
}

describe("problem files", () => {
  test("a good file is evaluated, whatever its columns are called", async () => {
    const data = await file("good.jsonl", '{"problem": "what is 1 plus 1", "answer": "2"}\n{"problem": "x", "answer": 7}\n');
    await evaluateCheckpoint({ model: checkpoint, set: ["backend=wasm"], json: true, data, samples: 2 }, context);
    expect(JSON.parse(context.printed.at(-1)!)).toMatchObject({ n: 2, samples: 2 });
  });

  test("a question longer than the context ends its rollouts and nothing else", async () => {
    const data = await file("long.jsonl", `${JSON.stringify({ question: "z ".repeat(4_000), answer: "1" })}\n`);
    await evaluateCheckpoint({ model: checkpoint, set: ["backend=wasm"], json: true, data }, context);
    expect(JSON.parse(context.printed.at(-1)!)).toMatchObject({ accuracy: 0, stopReasons: { contextFull: 1 } });
  });

  test("a missing file", async () => {
    expect((await problemOf({ data: join(folder, "absent.jsonl") })).message).toContain("absent.jsonl");
  });

  test("a line that is not JSON is named by its number", async () => {
    const data = await file("broken.jsonl", '{"question": "a", "answer": "1"}\n{"question": \n');
    expect((await problemOf({ data })).message).toMatch(/broken\.jsonl: line 2/);
  });

  test("a wrong column is told with the columns there are", async () => {
    const data = await file("columns.jsonl", '{"frage": "a", "antwort": "1"}\n');
    const { message } = await problemOf({ data, question: ["question"], answer: "antwort" });
    expect(message).toContain("frage");
    expect(message).toContain("question");
  });
});

describe("checkpoints", () => {
  test("a folder without a model", async () => {
    expect((await problemOf({ model: folder })).message).toMatch(/run folder|checkpoint/);
  });

  test("truncated weights", async () => {
    const path = await spoiledCheckpoint("cut", (copy) => truncate(join(copy, "model.safetensors"), 5_000));
    expect((await problemOf({ model: path })).message).toContain("model.safetensors");
  });

  test("a tokenizer with more ids than the model has rows", async () => {
    const path = await spoiledCheckpoint("mismatch", async (copy) => {
      const target = join(copy, "tokenizer.json");
      const json = JSON.parse(await readFile(target, "utf8")) as { added_tokens: Record<string, unknown>[] };
      json.added_tokens.push({ ...json.added_tokens[0], id: 5_000, content: "<extra>" });
      await writeFile(target, JSON.stringify(json));
    });
    expect((await problemOf({ model: path })).message).toMatch(/5001 ids.*use the tokenizer that belongs to these weights/);
  });

  test("a missing tokenizer", async () => {
    const path = await spoiledCheckpoint("no-tokenizer", (copy) => rm(join(copy, "tokenizer.json")));
    expect((await problemOf({ model: path })).message).toContain("tokenizer.json");
  });
});

describe("runs", () => {
  const options = { set: ["backend=wasm"], preset: "smoke" as const, resume: false, dryRun: false };

  test("train needs a checkpoint, and leaves no folder behind without one", async () => {
    const run = join(folder, "no-start");
    await expect(runCommand("train", { sft: false, rl: true }, { ...options, output: run }, context)).rejects.toThrow(/--model.*none/);
    await expect(readFile(join(run, "config.yaml"))).rejects.toThrow();
  });

  test("a run folder that cannot be written", async () => {
    const run = join(await file("a-file", "text"), "run");
    await expect(runCommand("sft", { sft: true, rl: false }, { ...options, output: run }, context)).rejects.toBeInstanceOf(InputError);
  });

  test("--resume takes no settings", async () => {
    await expect(runCommand("sft", { sft: true, rl: false }, { ...options, resume: true, output: folder }, context)).rejects.toThrow(
      /--resume: expected none of --preset/,
    );
  });

  const large = ["hiddenSize=768", "intermediateSize=3072", "layers=32"].map((each) => `model.${each}`); // 303 million parameters
  const both = { sft: true, rl: true };

  test("a run that its backend cannot hold is refused before anything is written", async () => {
    const run = join(folder, "too-large");
    const started = runCommand("quickstart", both, { ...options, set: [...options.set, ...large], output: run }, context);
    await expect(started).rejects.toThrow(
      /backend wasm: expected a run that holds less than 3\.6 of the 4 GiB, .* found 4\.8 GiB \(weights 1\.13, moments 2\.26, gradients 1\.13, activations/,
    );
    await started.catch((error: unknown) => expect(error).toBeInstanceOf(InputError));
    expect(existsSync(run)).toBe(false);
  });

  test("--dry-run counts gradients and moments of an adapter alone", async () => {
    const dryRun = async (...set: string[]) => {
      await runCommand(
        "quickstart",
        both,
        { ...options, set: [...options.set, ...set], output: join(folder, "dry"), dryRun: true },
        context,
      );
      const line = /^memory +about ([\d,]+) MiB: weights ([\d,]+) MiB, gradients ([\d,]+) MiB, moments ([\d,]+) MiB/m;
      return line
        .exec(context.printed.at(-1)!)!
        .slice(1)
        .map((text) => Number(text.replaceAll(",", "")));
    };
    const all = await dryRun(...large);
    const adapter = await dryRun(...large, "model.lora.rank=8");
    expect(all[2]).toBe(all[1]);
    expect(Math.abs(all[3]! - 2 * all[1]!)).toBeLessThan(2); // each is rounded up
    expect(adapter[1]).toBeGreaterThan(all[1]!); // the adapter's own weights
    expect(adapter[2]! + adapter[3]!).toBeLessThan(0.1 * all[2]!);
    expect(adapter[0]).toBeLessThan(all[0]! - 2 * all[1]!);
  });

  test("--dry-run prints the resolved config and what to expect, and makes nothing", async () => {
    const run = join(folder, "dry");
    await runCommand("quickstart", { sft: true, rl: true }, { ...options, output: run, dryRun: true }, context);
    expect(context.printed.at(-1)).toMatch(/groupSize: 2[^]*parameters +[\d,]+[^]*FLOP/);
    await expect(readFile(join(run, "config.yaml"))).rejects.toThrow();
  });
});

describe("data of a run", () => {
  const train = (set: readonly string[]) =>
    runCommand(
      "quickstart",
      { sft: true, rl: true },
      { preset: "smoke", set: ["backend=wasm", ...set], output: join(folder, "no-data"), resume: false, dryRun: false },
      context,
    );

  test.each(["data.train.path", "data.test.path", "sft.stages.0.source.path"])("%s is looked for before the run begins", async (where) => {
    const error: unknown = await train([`${where}=absent.jsonl`]).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toContain(`${where}: expected a file or folder of data, found nothing at absent.jsonl`);
    expect(existsSync(join(folder, "no-data"))).toBe(false);
  });

  test("a dataset of a hub that cannot be reached is named before the run begins", async () => {
    vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:9");
    vi.stubEnv("HF_HOME", join(folder, "hf"));
    const error: unknown = await train(["data.train.path=hub:owner/problems"]).catch((e: unknown) => e);
    vi.unstubAllEnvs();
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(/owner\/problems@main: no connection to 127\.0\.0\.1:9/);
    expect(existsSync(join(folder, "no-data"))).toBe(false);
  });
});

test("an adapter on a .gguf file is not exported under that name, which PEFT cannot load", async () => {
  const adapter = join(folder, "gguf-adapter");
  await mkdir(adapter);
  await writeFile(
    join(adapter, "adapter_config.json"),
    JSON.stringify({ peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: ["q_proj"], base_model_name_or_path: "/m/x.Q4_1.gguf" }),
  );
  const exported = (base?: string) =>
    exportCheckpoint({ model: adapter, output: join(folder, "exported"), merge: false, dtype: "float32", ...(base && { base }) }, context);
  await expect(exported()).rejects.toThrow(
    /expected an adapter whose base PEFT can load.*found \/m\/x\.Q4_1\.gguf.*--base OWNER\/NAME.*--merge/,
  );
  await expect(exported("y.gguf")).rejects.toThrow(/--base: expected .*found y\.gguf/);
  expect(existsSync(join(folder, "exported"))).toBe(false);
});
