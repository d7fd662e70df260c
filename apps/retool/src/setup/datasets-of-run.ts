import { existsSync } from "node:fs";
import { InputError } from "@retool-ts/core";
import { localDataset, type HubContext } from "./hub-files.js";
import { DATASETS } from "../config/presets/datasets.js";
import { sourcesOf } from "../config/problem-source-config.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/** A file of data that a run reads. */
export interface RunDataset {
  /** Key of the config that names it. */
  readonly where: string;
  readonly path: string;
}

/** The files of data that parts of a run read; generated data has none. */
export function datasetsOf({ sft, data }: RecipeConfig, parts: RecipeParts): RunDataset[] {
  const stages = parts.sft ? sft.stages.map(({ source }, i) => ({ where: `sft.stages.${i}.source.path`, source })) : [];
  const problems = sourcesOf(data, parts).map(({ key, source }) => ({ where: `${key}.path`, source }));
  return [...stages, ...problems].flatMap(({ where, source }) => (source.kind === "file" ? [{ where, path: source.path }] : []));
}

/**
 * Brings what is on a hub into the cache, and looks whether the rest is there: before a run begins, not when it gets that far.
 *
 * @throws InputError for the first that cannot be had.
 */
export async function fetchDatasets(config: RecipeConfig, parts: RecipeParts, context: HubContext): Promise<void> {
  for (const { where, path } of datasetsOf(config, parts)) {
    const local = await localDataset(path, context);
    if (existsSync(local)) continue;
    const fix = `correct the path, or name a dataset of a hub: --set ${where}=hub:owner/name`;
    throw new InputError({ what: "config", where, expected: "a file or folder of data", found: `nothing at ${path}`, fix });
  }
}

/** One line per dataset, for a dry run: what it is, and where it comes from. */
export function describeDatasets(config: RecipeConfig, parts: RecipeParts): string[] {
  return datasetsOf(config, parts).map(({ where, path }) => {
    const known = DATASETS.find((dataset) => dataset.path === path);
    const facts = known === undefined ? "" : `: ${known.rows}; columns ${known.columns}${known.license ? `; ${known.license}` : ""}`;
    const state = path.startsWith("hub:") ? "downloaded unless the cache has it" : existsSync(path) ? "here" : "not here";
    return `${where} = ${path}${facts} (${state})`;
  });
}
