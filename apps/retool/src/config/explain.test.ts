import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { explain, explanationText } from "./explain.js";
import { configFileSchema } from "./file-schema.js";
import { loadConfig } from "./load-config.js";
import { PRESET_NAMES, PRESETS } from "./presets.js";
import { RecipeConfig } from "./recipe-config.js";
import { leafKeys } from "./schema-facts.js";

test("every key has a meaning and a type, and the default that parsing gives", () => {
  const parsed = RecipeConfig.parse({ ...PRESETS.tiny }) as unknown as Record<string, unknown>;
  const given = JSON.stringify(PRESETS.tiny);
  const keys = leafKeys();
  expect(keys.length).toBeGreaterThan(100);
  for (const key of keys) {
    const { meaning, type, ...rest } = explain(key);
    if (!key.endsWith(".kind") || key.includes("parts")) expect(meaning, key).not.toBe("");
    expect(type, key).not.toContain("anything");
    const value = key.split(".").reduce<unknown>((inner, part) => (inner as Record<string, unknown> | null | undefined)?.[part], parsed);
    if ("default" in rest && value !== undefined && !given.includes(`"${key.split(".").at(-1)}"`)) expect(rest.default, key).toEqual(value);
  }
});

test("a key's explanation: type, default, meaning, allowed values, keys", () => {
  expect(explain("train.learningRate.kind")).toEqual({
    key: "train.learningRate.kind",
    meaning: "How it falls after the warm-up.",
    type: "text",
    default: "linear",
    values: { constant: "", linear: "", cosine: "" },
  });
  expect(explain("sandbox.memoryMiB")).toMatchObject({ type: "whole number from 18 up to 1024", default: 64 });
  expect(explain("train.kl")).toMatchObject({ type: "keys with values or null", default: null, keys: { coef: "Weight of the penalty." } });
  expect(explanationText(explain("train.steps"))).toContain("none: it must be given, or a preset gives it");
  expect(Object.keys(explain("data.train.kind").values!)).toEqual(["generated", "file", "plugin"]); // one in each kind of source
  expect(explain("sft.stages.0.batchSize").type).toBe(explain("sft.stages.N.batchSize").type);
  expect(Object.keys(explain("preset").values!)).toEqual(PRESET_NAMES);
  expect(explanationText(explain("preset"))).toContain("smoke                   every part in seconds");
  expect(() => explain("train.stepz")).toThrow("To mend it: write train.steps.");
  expect(() => explain("groupSize")).toThrow("To mend it: write train.groupSize.");
});

/** Zod's reader of JSON Schema, which knows nothing of the schema that it was made from. */
const reader = () => z.fromJSONSchema(JSON.parse(JSON.stringify(configFileSchema())) as Parameters<typeof z.fromJSONSchema>[0]);

test.each(PRESET_NAMES)("the JSON Schema takes what preset %s says", (name) => {
  expect(reader().safeParse({ preset: name, ...PRESETS[name] }).error?.issues ?? []).toEqual([]);
});

test.each<[boolean, object]>([
  [true, { train: { steps: 5 } }],
  [true, { sft: { stages: { "1": { steps: 3 } } } }],
  [true, { data: { test: { wordings: "newWords" } }, train: { kl: null } }],
  [false, { train: { setps: 5 } }],
  [false, { train: { steps: "five" } }],
  [false, { sft: { stages: [{ name: "a" }] } }],
  [false, { preset: "huge" }],
  [false, { train: { learningRate: 1e-4 } }],
])("the JSON Schema says %s of %j, as the program does", async (isRight, content) => {
  expect(reader().safeParse(content).success).toBe(isRight);
  const { preset, ...settings } = content as { readonly preset?: "tiny" };
  const loaded = loadConfig({ settings, ...(preset && { preset }) }).then(() => true, () => false); // prettier-ignore
  expect(await loaded).toBe(isRight);
});

test("the guide shows how an editor finds the schema", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  expect(readme).toContain("retool config schema > retool.schema.json");
});
