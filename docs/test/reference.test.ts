import { readdirSync } from "node:fs";
import { join } from "node:path";
import { CHARTS, TIMING_CHARTS } from "@retool-ts/report";
import { describe, expect, test } from "vitest";
import { addressOf, anchor, commandAddress, keyAddress, knownMetric, metricAddress } from "../.vitepress/site/names.js";
import { referencePages } from "../.vitepress/site/reference.js";
import { strayGuides } from "../.vitepress/site/sidebar.js";

const source = join(import.meta.dirname, "../../apps/retool/src");
const load = async <T>(path: string) => (await import(/* @vite-ignore */ join(source, path))) as T;

/** What is read of commander's commands here. */
interface CommandNode {
  readonly commands: readonly CommandNode[];
  readonly options: readonly { readonly flags: string; readonly hidden: boolean }[];
  readonly registeredArguments: readonly { name(): string }[];
  readonly _hidden: boolean;
  name(): string;
  description(): string;
}

const pages = referencePages();

/** The page and heading that an address names; an address without a heading is the whole page. */
function placeOf(address: string): string {
  const [path, id] = address.replace("/reference/", "").split("#");
  const text = pages.get(path!) ?? "";
  if (id === undefined) return text;
  if (text.includes(`<a id="${id}"></a>`)) return text;
  const start = text.indexOf(` {#${id}}\n`);
  if (start < 0) return "";
  const level = /^#+/.exec(text.slice(text.lastIndexOf("\n", start) + 1))![0].length;
  const end = text.slice(start).search(new RegExp(`^#{1,${level}} `, "m"));
  return end < 0 ? text.slice(start) : text.slice(start, start + end);
}

describe("commands", async () => {
  const { createProgram } = await load<{ createProgram: (...args: readonly unknown[]) => CommandNode }>("shell/command-line.ts");
  const { registerCommands } = await load<{ registerCommands: unknown }>("commands/index.ts");
  const below = (command: CommandNode, before: string): [string, CommandNode][] =>
    command.commands
      .filter((inner) => !inner._hidden && inner.name() !== "help")
      .flatMap((inner) => [[`${before}${inner.name()}`, inner], ...below(inner, `${before}${inner.name()} `)]);
  const commands = below(createProgram({}, { quiet: false }, registerCommands), "");

  test("are found in the program", () => {
    expect(commands.length).toBeGreaterThan(30);
  });

  test.each(commands)("retool %s has a place with all its options and arguments", (path, command) => {
    const place = placeOf(commandAddress(path));
    expect(place.toLowerCase()).toContain(command.description().slice(0, 20).toLowerCase());
    for (const { flags, hidden } of command.options) if (!hidden) expect(place).toContain(`\`${flags}\``);
    for (const argument of command.registeredArguments) expect(place).toContain(argument.name());
    expect(pages.get("commands/index.md")).toContain(`(${commandAddress(path)})`);
  });
});

describe("config keys", async () => {
  const { leafKeys } = await load<{ leafKeys: () => string[] }>("config/schema-facts.ts");
  const { PRESET_NAMES } = await load<{ PRESET_NAMES: readonly string[] }>("config/presets.ts");

  test.each(leafKeys())("%s has a place with its type", (key) => {
    const place = placeOf(keyAddress(key));
    expect(place).toContain("**Type:** ");
    expect(pages.get("config/index.md")).toContain(`[\`${key.split(".")[0]!}\`](`);
  });

  test.each(PRESET_NAMES)("the preset %s has a place", (name) => {
    expect(placeOf(`/reference/presets.md#${anchor(name)}`)).toContain("| key | value |");
  });
});

test.each([...CHARTS, ...TIMING_CHARTS].flatMap(({ series }) => Object.keys(series)))("the metric %s has a meaning", (name) => {
  const metric = name.endsWith("/") ? `${name}*` : name;
  expect(knownMetric(metric)).toBe(metric);
  expect(placeOf(metricAddress(metric))).toMatch(new RegExp(`\`${metric.replaceAll("*", "\\*")}\` \\| \\w`));
});

test("no two headings of a page have one name", () => {
  for (const [path, text] of pages) {
    const ids = [...text.matchAll(/\{#([\w-]+)\}$|<a id="([\w-]+)">/gm)].map(([, heading, place]) => heading ?? place);
    expect({ path, twice: ids.filter((id, i) => ids.indexOf(id) !== i) }).toEqual({ path, twice: [] });
  }
});

test.each([
  ["train.kl.coef", "/reference/config/train.md#train-kl-coef"],
  ["train.advantage=gae", "/reference/config/train.md#train-advantage"],
  ["sft.stages.0.steps", "/reference/config/sft.md#sft-stages-n-steps"],
  ["stop/maxTokens", "/reference/metrics.md#stop"],
  ["retool config explain train.kl", "/reference/commands/config.md#explain"],
  ["retool eval", "/reference/commands/eval.md"],
  ["packages/train/src/train.ts", undefined],
  ["train", undefined],
])("`%s` leads to %s", (code, address) => {
  expect(addressOf(code)).toBe(address);
});

test("the sidebar leads to every guide", () => {
  expect(strayGuides(join(import.meta.dirname, "../guide"))).toEqual([]);
  expect(readdirSync(join(import.meta.dirname, "../guide")).length).toBeGreaterThan(20);
});
