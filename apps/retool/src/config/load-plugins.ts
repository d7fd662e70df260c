import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError, nearestName } from "@retool-ts/core";
import { shareOwnCopies } from "./own-copies.js";
import type { Plugin } from "./plugin.js";

const KINDS = ["tools", "rewards", "problems", "families", "losses", "advantages"] as const satisfies readonly (keyof Plugin)[];

/** A kind of part that plugins have. */
export type PluginKind = (typeof KINDS)[number];

/** All parts of some plugins, by kind and name. */
export type LoadedPlugins = { readonly [Kind in PluginKind]: ReadonlyMap<string, NonNullable<Plugin[Kind]>[string]> };

/**
 * Imports plugins.
 *
 * @param files - modules whose default export is a {@link Plugin}
 * @throws InputError when one is not there, cannot be imported or is no plugin, or two name a part the same.
 */
export async function loadPlugins(files: readonly string[]): Promise<LoadedPlugins> {
  if (files.length > 0) shareOwnCopies();
  const parts = {
    tools: new Map(),
    rewards: new Map(),
    problems: new Map(),
    families: new Map(),
    losses: new Map(),
    advantages: new Map(),
  };
  for (const file of files) {
    const plugin = await importPlugin(resolve(file));
    for (const kind of KINDS) {
      for (const [name, part] of Object.entries(plugin[kind] ?? {})) {
        if (parts[kind].has(name))
          throw refuse(file, `a name of its own for each of the ${kind}`, `${name} a second time`, "rename one of them");
        parts[kind].set(name, part);
      }
    }
  }
  return parts;
}

/**
 * One part of the plugins by name.
 *
 * @param key - of the config that names it, for messages
 * @throws InputError when no plugin has it.
 */
export function pluginPart<Kind extends PluginKind>(
  plugins: LoadedPlugins,
  kind: Kind,
  name: string,
  key: string,
): NonNullable<Plugin[Kind]>[string] {
  const part = plugins[kind].get(name);
  if (part !== undefined) return part;
  const known = [...plugins[kind].keys()];
  const near = nearestName(name, known);
  throw new InputError({
    what: "config",
    where: key,
    expected: known.length === 0 ? `the name of one of the ${kind} of a plugin; there are none` : `one of the ${kind} ${known.join(", ")}`,
    found: name,
    fix: near === undefined ? "name a module that has it with --plugin FILE" : `write "${near}"`,
  });
}

async function importPlugin(file: string): Promise<Plugin> {
  if (!existsSync(file)) throw refuse(file, "a module", "no such file", "check the path after --plugin");
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (cause) {
    const isTypeScript = (cause as NodeJS.ErrnoException).code === "ERR_UNKNOWN_FILE_EXTENSION";
    const fix = isTypeScript ? "compile it to JavaScript, or run it on a Node that strips types (22.18 or newer)" : "correct the module";
    throw refuse(file, "a module that can be imported", (cause as Error).message.split("\n")[0]!, fix, cause);
  }
  const plugin = module.default;
  const example = "write: export default definePlugin({ tools: { … } })";
  if (typeof plugin !== "object" || plugin === null) throw refuse(file, "a plugin as default export", typeof plugin, example);
  for (const [kind, parts] of Object.entries(plugin)) {
    if (!KINDS.includes(kind as PluginKind)) throw refuse(file, `the keys ${KINDS.join(", ")}`, kind, example);
    if (typeof parts !== "object" || parts === null) throw refuse(file, `parts by name as ${kind}`, String(parts), example);
    for (const [name, part] of Object.entries(parts)) {
      const method = METHODS[kind as PluginKind];
      const isPart = method === undefined ? typeof part === "function" : hasMethod(part, method) || (kind === "tools" && typeof part === "function"); // prettier-ignore
      if (!isPart)
        throw refuse(
          file,
          kind === "families" ? `an object with generate as families.${name}` : `a function as ${kind}.${name}`,
          part === null ? "null" : typeof part,
          example,
        );
    }
  }
  return plugin;
}

/** Parts that are objects, by what they must be able to do. */
const METHODS: Partial<Record<PluginKind, string>> = { tools: "call", families: "generate" };

function hasMethod(part: unknown, method: string): boolean {
  return typeof (part as Record<string, unknown> | null | undefined)?.[method] === "function";
}

function refuse(where: string, expected: string, found: string, fix: string, cause?: unknown): InputError {
  return new InputError({ what: "plugin", where, expected, found, fix }, { cause });
}
