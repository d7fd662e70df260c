import { readFile } from "node:fs/promises";
import { InputError, nearestName } from "@retool-ts/core";
import { isMap, isScalar, parseDocument, type Document } from "yaml";
import { PRESETS, type PresetName } from "./presets.js";
import { RecipeConfig } from "./recipe-config.js";
import { withSourceKinds } from "./source-kinds.js";

/** Where a config comes from; later ones win. */
export interface ConfigSources {
  /** Name of a preset; default `tiny`, or what the file says under `preset:`. */
  readonly preset?: string;
  /** YAML file. */
  readonly file?: string;
  /** Settings of a program, like those of a file. */
  readonly settings?: unknown;
  /** `a.b=value` settings; values are read as YAML. */
  readonly set?: readonly string[];
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Reads and checks a config.
 *
 * @throws InputError naming the file, line and key, what was expected and what was found.
 */
export async function loadConfig({ preset, file, settings, set = [] }: ConfigSources): Promise<RecipeConfig> {
  const text = file === undefined ? undefined : await readText(file);
  const document = text === undefined ? undefined : parseYaml(text, file!);
  const content = (document?.toJS() ?? {}) as { [key: string]: Json };
  const { preset: presetInFile, ...rest } = content;
  const name = preset ?? (typeof presetInFile === "string" ? presetInFile : "tiny");
  let merged = merge(presetByName(name, file), rest);
  if (settings !== undefined) merged = merge(merged, structuredClone(settings) as Json);
  for (const setting of set) merged = merge(merged, parseSetting(setting));
  return checkConfig(merged, (path) => locate(path, { document, text, file, set, preset: name }));
}

/** Checks an object as a config. */
export function checkConfig(value: unknown, where: (path: readonly PropertyKey[]) => string): RecipeConfig {
  const parsed = RecipeConfig.safeParse(withSourceKinds(value));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const path = [...issue.path, issue.keys[0]!];
    const known = knownKeys(issue.path);
    const near = nearestName(issue.keys[0]!, known);
    throw new InputError({
      what: "config",
      where: where(path),
      expected: known.length > 0 ? `one of the keys ${known.join(", ")}` : "a known key",
      found: `unknown key "${path.join(".")}"`,
      fix: near === undefined ? "correct or remove the key" : `write "${near}"`,
    });
  }
  throw new InputError({
    what: "config",
    where: where(issue.path),
    expected: issue.message.replace(/^Invalid (input|option): expected /, "").replace(/, received .*$/, ""),
    found: describe(valueAt(value, issue.path)),
    fix: `set ${issue.path.join(".") || "the config"} to such a value`,
  });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new InputError(
      { what: "config", where: file, expected: "a readable YAML file", found: reason(error), fix: "check the path after --config" },
      { cause: error },
    );
  }
}

function parseYaml(text: string, file: string): Document {
  const document = parseDocument(text, { prettyErrors: true });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = problem.linePos?.[0];
    throw new InputError({
      what: "config",
      where: line === undefined ? file : `${file}:${line.line}:${line.col}`,
      expected: "valid YAML",
      found: problem.message.split("\n")[0]!.replace(/ at line .*$/, ""),
      fix: "correct that line",
    });
  }
  if (document.contents !== null && !isMap(document.contents)) {
    throw new InputError({
      what: "config",
      where: file,
      expected: "a mapping of keys",
      found: "something else",
      fix: "write keys and values",
    });
  }
  return document;
}

function presetByName(name: string, file: string | undefined): Json {
  if (!Object.hasOwn(PRESETS, name)) {
    throw new InputError({
      what: "config",
      where: file === undefined ? "--preset" : `${file}: preset`,
      expected: `one of ${Object.keys(PRESETS).join(", ")}`,
      found: `"${name}"`,
      fix: "name one of these presets",
    });
  }
  return structuredClone(PRESETS[name as PresetName]) as unknown as Json;
}

function parseSetting(setting: string): Json {
  const equals = setting.indexOf("=");
  if (equals < 1) {
    throw new InputError({
      what: "option --set",
      where: setting,
      expected: "key.path=value",
      found: `"${setting}"`,
      fix: "write for example --set train.steps=100",
    });
  }
  const value = parseDocument(setting.slice(equals + 1)).toJS() as Json;
  return setting
    .slice(0, equals)
    .split(".")
    .reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
}

/** Maps are merged key by key; a number as key reaches into a list; everything else is replaced. */
function merge(base: Json | undefined, over: Json): Json {
  if (!isObject(over)) return over;
  if (Array.isArray(base) && Object.keys(over).every((key) => /^\d+$/.test(key))) {
    return base.map((item, i) => (Object.hasOwn(over, i) ? merge(item, over[String(i)]!) : item));
  }
  // A union is replaced when its kind changes, so that keys of the other kind do not linger.
  if (isObject(base) && typeof over["kind"] === "string" && base["kind"] !== undefined && base["kind"] !== over["kind"]) return over;
  const result: { [key: string]: Json } = isObject(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(over)) result[key] = merge(result[key], value);
  return result;
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Origins {
  readonly document: Document | undefined;
  readonly text: string | undefined;
  readonly file: string | undefined;
  readonly set: readonly string[];
  readonly preset: string;
}

/** Names the place a key came from, with line and column where it is in the file. */
function locate(path: readonly PropertyKey[], { document, text, file, set, preset }: Origins): string {
  const dotted = path.join(".");
  const setting = set.findLast((entry) => {
    const key = entry.slice(0, entry.indexOf("="));
    return dotted === key || dotted.startsWith(`${key}.`) || key.startsWith(`${dotted}.`);
  });
  if (setting !== undefined) return `--set ${setting}`;
  const offset = document === undefined ? undefined : keyOffset(document, path);
  if (offset === undefined) return file === undefined ? `preset ${preset}: ${dotted}` : `${file}: ${dotted}`;
  const line = text!.slice(0, offset).split("\n").length;
  return `${file}:${line}: ${dotted}`;
}

function keyOffset(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1).map(String), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path[length - 1]));
    if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0];
  }
  return undefined;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
}

function describe(value: unknown): string {
  return value === undefined ? "nothing" : `${JSON.stringify(value)}`.slice(0, 80);
}

/** Keys that the schema has at a path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  const example = RecipeConfig.safeParse(PRESETS.tiny);
  const inner = example.success ? valueAt(example.data, path) : undefined;
  return typeof inner === "object" && inner !== null ? Object.keys(inner) : [];
}

function reason(error: unknown): string {
  const code = (error as { code?: string }).code;
  return code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : (code ?? String(error));
}
