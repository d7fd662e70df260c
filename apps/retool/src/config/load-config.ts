import { dirname, resolve } from "node:path";
import { InputError, InputErrors, nearestName, type InputProblem } from "@retool-ts/core";
import { expectedGroupSize, TrainConfig, type AdvantageFunction } from "@retool-ts/train";
import { configProblems, groupProblem, type WhereOf } from "./check-config.js";
import { ConfigFile } from "./config-file.js";
import { mergeConfig, parseSetting, type Json } from "./merge-config.js";
import { PRESETS, type PresetName } from "./presets.js";
import type { RecipeConfig } from "./recipe-config.js";

/** Where a config comes from; later ones win. */
export interface ConfigSources {
  /** Name of a preset; default `tiny`, or what the file says under `preset:`. */
  readonly preset?: PresetName;
  /** YAML file, or `-` for standard input. */
  readonly file?: string;
  /** Settings of a program, like those of a file. */
  readonly settings?: unknown;
  /** `a.b=value` settings; values are read as YAML. */
  readonly set?: readonly string[];
  /** Plugins beside those that the config names. */
  readonly plugins?: readonly string[];
  /** An advantage of a program's own, in place of `train.advantage`. */
  readonly advantage?: AdvantageFunction;
}

/**
 * Reads and checks a config.
 *
 * @throws InputErrors for all mistakes, each with its place, what was expected and what was found.
 */
export async function loadConfig({
  preset,
  file: path,
  settings,
  set = [],
  plugins = [],
  advantage,
}: ConfigSources): Promise<RecipeConfig> {
  const problems: InputProblem[] = [];
  const file = path === undefined ? undefined : await ConfigFile.read(path);
  const { preset: presetInFile, ...content } = file?.content ?? {};
  const name = preset ?? presetInFile ?? "tiny";
  const isKnown = isPreset(name);
  if (!isKnown) problems.push(unknownPreset(name, preset === undefined ? file?.place(["preset"], "value") : undefined));

  let merged = structuredClone(PRESETS[isKnown ? name : "tiny"]) as unknown as Json;
  const layers: [where: string, read: () => Json][] = [
    [file?.name ?? "config", () => content],
    ["settings", () => (settings === undefined ? {} : (structuredClone(settings) as Json))],
    ...set.map((setting): [string, () => Json] => [`--set ${setting}`, () => parseSetting(setting)]),
  ];
  const mergeLayers = (base: Json): Json => {
    let result = base;
    for (const [where, read] of layers) {
      try {
        result = mergeConfig(result, read(), where);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        problems.push(error.problem);
      }
    }
    return result;
  };
  const preferred = merged;
  merged = mergeLayers(preferred);
  const implied = impliedBySampler(merged);
  if (problems.length === 0 && implied !== undefined) merged = mergeLayers(mergeConfig(preferred, implied, "engine"));
  const origins = { file, settings, set, preset: isKnown ? name : "tiny" };
  const whereOf: WhereOf = (keys, part) => placeOf(keys, part, origins);
  const checked = configProblems(merged, whereOf);
  problems.push(...[...checked.problems, ...groupProblems(merged, advantage, whereOf)].toSorted(byPlace));
  if (checked.config === undefined || problems.length > 0) throw new InputErrors(problems);
  const folderOf = (key: string) => {
    const isOfFile = content[key] !== undefined && !hasKey(settings, key) && !set.some((entry) => entry.startsWith(key));
    return isOfFile ? dirname(path!) : ".";
  };
  const { config } = checked;
  const agentFile = config.agent.file === null ? null : resolve(folderOf("agent"), config.agent.file);
  return {
    ...config,
    plugins: pluginPaths(config.plugins, plugins, folderOf("plugins")),
    agent: { ...config.agent, file: agentFile },
  };
}

/** What is wrong with the group size; a plugin's advantage says itself what it needs, when plugins are loaded. */
function groupProblems(merged: Json, own: AdvantageFunction | undefined, whereOf: WhereOf): InputProblem[] {
  const { train, functions } = merged as { readonly train?: unknown; readonly functions?: { readonly advantage?: unknown } | null };
  const parsed = functions?.advantage == null ? TrainConfig.safeParse(train) : undefined;
  const expected = parsed?.success === true ? expectedGroupSize(parsed.data, own) : undefined;
  return expected === undefined ? [] : [groupProblem(whereOf(["train", "groupSize"], "value"), expected)];
}

/** Trainer and a sampler elsewhere, or one in 8 bits, differ a little: their ratio weighs each token, cut at 2, unless a config says otherwise. */
const CORRECTED = { engine: { kind: "local" }, train: { oldLogProbs: "trainer", importance: { level: "token", cap: 2 } } } as const;

/** Settings that follow from how the policy samples, where a config does not say otherwise. */
function impliedBySampler(config: Json): Json | undefined {
  const engine = (config as { readonly engine?: { readonly sampler?: unknown; readonly samplerWeights?: unknown } | null }).engine;
  if (engine?.sampler != null || engine?.samplerWeights === "int8") return CORRECTED;
  return engine?.samplerWeights === undefined ? undefined : { engine: CORRECTED.engine };
}

/** Absolute paths, for a run may be resumed from another folder. Those of a file are seen from its folder. */
function pluginPaths(ofConfig: readonly string[], beside: readonly string[], folder: string): string[] {
  return [...new Set([...ofConfig.map((path) => resolve(folder, path)), ...beside.map((path) => resolve(path))])];
}

function isPreset(name: unknown): name is PresetName {
  return typeof name === "string" && Object.hasOwn(PRESETS, name);
}

function unknownPreset(name: Json, place: string | undefined): InputProblem {
  const near = typeof name === "string" ? nearestName(name, Object.keys(PRESETS)) : undefined;
  return {
    what: "config",
    where: place === undefined ? "--preset" : `${place}: preset`,
    expected: `one of ${Object.keys(PRESETS).join(", ")}`,
    found: JSON.stringify(name),
    fix: near === undefined ? "name one of these presets; retool config explain preset says what each of them is" : `write "${near}"`,
  };
}

interface Origins {
  readonly file: ConfigFile | undefined;
  readonly settings: unknown;
  readonly set: readonly string[];
  readonly preset: string;
}

/** Names the place a key came from, with line and column where it is in the file. */
function placeOf(path: readonly PropertyKey[], part: "key" | "value", { file, settings, set, preset }: Origins): string {
  const dotted = path.join(".");
  const setting = set.findLast((entry) => {
    const key = entry.slice(0, entry.indexOf("="));
    return dotted === key || dotted.startsWith(`${key}.`) || key.startsWith(`${dotted}.`);
  });
  if (setting !== undefined) {
    const key = setting.slice(0, setting.indexOf("="));
    return dotted.startsWith(`${key}.`) ? `--set ${setting}: ${dotted}` : `--set ${setting}`;
  }
  if (hasKey(settings, path[0])) return `settings: ${dotted}`;
  if (file !== undefined) return file.has(path) ? `${file.place(path, part)}: ${dotted}` : `${file.name}: ${dotted}`;
  return `preset ${preset}: ${dotted}`;
}

function hasKey(value: unknown, key: PropertyKey | undefined): boolean {
  return typeof value === "object" && value !== null && key !== undefined && Object.hasOwn(value, key);
}

/** Mistakes of a file in the order of its lines, behind all others. */
function byPlace(a: InputProblem, b: InputProblem): number {
  const place = ({ where }: InputProblem) => (/:(\d+):(\d+): /.exec(where) ?? [0, 0, 0]).map(Number);
  const [[, lineA, columnA], [, lineB, columnB]] = [place(a), place(b)];
  return lineA! - lineB! || columnA! - columnB!;
}
