import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { InputError, nearestName } from "@retool-ts/core";
import { isMap, isScalar, parseDocument, type Document } from "yaml";
import { mergeConfig, parseSetting, type Json } from "./merge-config.js";
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
  /** Plugins beside those that the config names. */
  readonly plugins?: readonly string[];
}

/**
 * Reads and checks a config.
 *
 * @throws InputError naming the file, line and key, what was expected and what was found.
 */
export async function loadConfig({ preset, file, settings, set = [], plugins = [] }: ConfigSources): Promise<RecipeConfig> {
  const text = file === undefined ? undefined : await readText(file);
  const document = text === undefined ? undefined : parseYaml(text, file!);
  const content = (document?.toJS() ?? {}) as { [key: string]: Json };
  const { preset: presetInFile, ...rest } = content;
  const name = preset ?? presetInFile ?? "tiny";
  if (typeof name !== "string" || !isPreset(name)) throw unknownPreset(name, preset === undefined ? file : undefined);
  let merged = mergeConfig(structuredClone(PRESETS[name]) as unknown as Json, rest, file ?? "config");
  if (settings !== undefined) merged = mergeConfig(merged, structuredClone(settings) as Json, "settings");
  for (const setting of set) merged = mergeConfig(merged, parseSetting(setting), `--set ${setting}`);
  const config = checkConfig(merged, (path) => locate(path, { document, text, file, set, preset: name }));
  const all = [...config.plugins, ...plugins].map((path) => resolve(path)); // a run may be resumed from another folder
  const agentFile = config.agent.file;
  return { ...config, plugins: [...new Set(all)], agent: { ...config.agent, file: agentFile === null ? null : resolve(agentFile) } };
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
    expected: issue.message
      .replace(/^(?:Invalid (?:input|option)|Too (?:small|big)): expected (?:\w+ to (?:be|have) )?/, "")
      .replace(/, received .*$/, ""),
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

function isPreset(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name);
}

function unknownPreset(name: Json, file: string | undefined): InputError {
  return new InputError({
    what: "config",
    where: file === undefined ? "--preset" : `${file}: preset`,
    expected: `one of ${Object.keys(PRESETS).join(", ")}`,
    found: JSON.stringify(name),
    fix: "name one of these presets; retool train --help says what each of them is",
  });
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
