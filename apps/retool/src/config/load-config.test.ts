import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./load-config.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-config-"))));
afterAll(() => rm(folder, { recursive: true }));

async function yaml(text: string): Promise<string> {
  const file = join(folder, "run.yaml");
  await writeFile(file, text);
  return file;
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: Error) => error.message,
  );
}

describe("loadConfig", () => {
  test("a preset alone is complete", async () => {
    const config = await loadConfig({});
    expect(config.train.groupSize).toBe(8);
    expect(config.sft.stages.map(({ name }) => name)).toEqual(["clean", "imperfect"]);
    expect(config.eval.sampling).toEqual({ temperature: 1, topP: 0.7, topK: 0 });
  });

  test("a file goes over its preset, settings go over the file", async () => {
    const file = await yaml("preset: smoke\nseed: 7\ntrain:\n  steps: 9\n");
    const config = await loadConfig({ file, set: ["train.steps=11", "sft.stages.1.steps=2", "sandbox.workers=2"] });
    expect([config.seed, config.train.steps, config.train.groupSize]).toEqual([7, 11, 2]);
    expect(config.sft.stages.map(({ steps }) => steps)).toEqual([6, 2]);
  });

  test("a source of another kind replaces the whole source", async () => {
    const config = await loadConfig({ set: ["data.test={kind: file, path: problems.jsonl}"] });
    expect(config.data.test).toEqual({ kind: "file", path: "problems.jsonl", columns: null, limit: null });
  });

  test("an unknown key is named with its line and the nearest key", async () => {
    const file = await yaml("seed: 1\ntrain:\n  setps: 5\n");
    const message = await messageOf(loadConfig({ file }));
    expect(message).toContain("run.yaml:3: train.setps");
    expect(message).toContain('write "steps"');
  });

  test("a wrong type says what was expected and found", async () => {
    const file = await yaml("train:\n  groupSize: eight\n");
    expect(await messageOf(loadConfig({ file }))).toMatch(/run\.yaml:2: train\.groupSize: expected number, found "eight"/);
  });

  test("a value out of range names the setting it came from", async () => {
    expect(await messageOf(loadConfig({ set: ["train.groupSize=1"] }))).toMatch(/--set train\.groupSize=1: expected .*2/);
  });

  test.each([
    ["missing file", { file: "no/such.yaml" }, "no such file"],
    ["unknown preset", { preset: "huge" }, "one of tiny, smoke"],
    ["setting without a value", { set: ["train.steps"] }, "key.path=value"],
  ])("%s", async (_, sources, expected) => {
    expect(await messageOf(loadConfig(sources))).toContain(expected);
  });

  test("a number that no item of a list has is refused, whether it is in a file or a setting", async () => {
    expect(await messageOf(loadConfig({ set: ["sft.stages.2.steps=5"] }))).toMatch(
      /--set sft\.stages\.2\.steps=5: expected an item of sft\.stages, from 0 to 1, found 2/,
    );
    const file = await yaml("sft:\n  stages:\n    0: { steps: 3 }\n    5: { steps: 3 }\n");
    expect(await messageOf(loadConfig({ file }))).toMatch(/run\.yaml: expected an item of sft\.stages, from 0 to 1, found 5/);
    expect(await messageOf(loadConfig({ set: ["sft.stages={}"] }))).toContain("expected array");
  });

  test.each(["__proto__.x=1", "train.__proto__.steps=1", "constructor.x=1"])("--set %s is an unknown key", async (setting) => {
    expect(await messageOf(loadConfig({ set: [setting] }))).toContain(`--set ${setting}: expected one of the keys`);
  });

  test("bounds are told in plain words", async () => {
    expect(await messageOf(loadConfig({ set: ["train.steps=-1"] }))).toContain("expected >0, found -1");
    expect(await messageOf(loadConfig({ set: ["sft.stages=[]"] }))).toContain("expected >=1 items, found []");
    expect(await messageOf(loadConfig({ set: ["optimizer.beta1=2"] }))).toContain("expected <=1, found 2");
  });

  test("a source of data without a kind has the one that its keys belong to", async () => {
    const { data, sft } = await loadConfig({
      set: ["data.test.wordings=newWords", "data.train.path=rows.jsonl", "sft.stages.0.source.path=traces.jsonl"],
    });
    expect(data.test).toMatchObject({ kind: "generated", wordings: "newWords" });
    expect(data.train).toMatchObject({ kind: "file", path: "rows.jsonl" });
    expect(sft.stages.map(({ source }) => source.kind)).toEqual(["file", "generated"]);
    expect(await messageOf(loadConfig({ set: ["data.test.wordings=odd"] }))).toMatch(/--set data\.test\.wordings=odd: expected .*newWords/);
  });

  test("a preset in a file that is no name is refused", async () => {
    expect(await messageOf(loadConfig({ file: await yaml("preset: 5\n") }))).toMatch(
      /run\.yaml: preset: expected one of tiny, .*, found 5/,
    );
  });

  test("a source that says its kind is replaced by keys of the other kind", async () => {
    const file = await yaml("data:\n  train: { kind: generated, wordings: reordered }\n  test: { kind: file, path: a.jsonl, limit: 3 }\n");
    const { data } = await loadConfig({ file, set: ["data.train.path=b.jsonl", "data.train.limit=5", "data.test.limit=7"] });
    expect(data.train).toEqual({ kind: "file", path: "b.jsonl", columns: null, limit: 5 });
    expect(data.test).toMatchObject({ kind: "file", path: "a.jsonl", limit: 7 });
    expect((await loadConfig({ file, set: ["data.test.wordings=newWords"] })).data.test).toMatchObject({
      kind: "generated",
      wordings: "newWords",
    });
  });

  test("broken YAML is reported with line and column", async () => {
    const file = await yaml("seed: 1\ntrain: [1, 2\n");
    expect(await messageOf(loadConfig({ file }))).toMatch(/run\.yaml:\d+:\d+: expected valid YAML/);
  });

  test("a repeated key is an error", async () => {
    const file = await yaml("seed: 1\nseed: 2\n");
    expect(await messageOf(loadConfig({ file }))).toContain("run.yaml:2");
  });
});
