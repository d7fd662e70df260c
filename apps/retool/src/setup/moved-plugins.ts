import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { RunFolder } from "@retool-ts/runs";
import { hashData } from "./hash-files.js";

/** Paths of a run's plugins as they are now. */
export interface PluginPlaces {
  readonly plugins: readonly string[];
  /** Old paths by new ones, of those that were named anew. */
  readonly moved: ReadonlyMap<string, string>;
}

/**
 * The plugins of a run with those that were named anew. One takes the place of a file of the same name, or of the only one that is
 * missing; the others stand beside the run's own.
 */
export function movedPlugins(ofRun: readonly string[], named: readonly string[]): PluginPlaces {
  const moved = new Map<string, string>();
  const plugins = [...ofRun];
  for (const path of named.map((name) => resolve(name))) {
    if (plugins.includes(path)) continue;
    const missing = plugins.filter((old) => !existsSync(old));
    const old = plugins.find((other) => basename(other) === basename(path)) ?? (missing.length === 1 ? missing[0] : undefined);
    if (old === undefined) plugins.push(path);
    else {
      plugins[plugins.indexOf(old)] = path;
      moved.set(path, old);
    }
  }
  return { plugins, moved };
}

/** One line for each plugin whose contents are not those that a run began with. */
export async function changedPlugins(run: RunFolder, { plugins, moved }: PluginPlaces): Promise<string[]> {
  const recorded = run.readManifest()?.["plugins"];
  if (!Array.isArray(recorded)) return [];
  const lines: string[] = [];
  for (const path of plugins) {
    const old = moved.get(path) ?? path;
    const entry = (recorded as readonly ({ readonly path?: unknown; readonly sha256?: unknown } | null)[]).find(
      (other) => other?.path === old,
    );
    if (entry === undefined || entry === null) lines.push(`${path}: the run began without this plugin`);
    else if (existsSync(path) && entry.sha256 !== (await hashData(path, basename(old)))) {
      lines.push(`${path}: its contents are not those that the run began with: numbers may differ from those of one run`);
    }
  }
  return lines;
}
