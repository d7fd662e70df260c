import { readFile } from "node:fs/promises";
import { InputError } from "@retool-ts/core";
import { checkConfig } from "./check-config.js";
import { ConfigFile } from "./config-file.js";
import type { RecipeConfig } from "./recipe-config.js";
import type { RunFolder } from "@retool-ts/runs";
import { packageVersion } from "../shell/version.js";

/**
 * The config that a run began with.
 *
 * @throws InputErrors when the run has none, or one that this version does not take: each mistake with line and column.
 */
export async function readRunConfig(run: RunFolder): Promise<RecipeConfig> {
  const file = run.file("config.yaml");
  const parsed = await readConfigFile(file);
  const other = otherVersion(run);
  return checkConfig(parsed.content, (keys, part) => {
    const place = keys.length === 0 ? file : `${parsed.place(keys, part)}: ${keys.join(".")}`;
    return other === undefined ? place : `${place} (${other})`;
  });
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const found = code === "ENOENT" ? "no such file" : (code ?? message);
    const problem = { what: "run folder", where: path, expected: "the config of the run", found };
    throw new InputError({ ...problem, fix: "start a new run in another folder" }, { cause });
  }
  return ConfigFile.parse(text, path, "run folder");
}

/** Says that a run was begun with another version of this program; undefined where it was not, or the run does not tell. */
export function otherVersion(run: RunFolder): string | undefined {
  const version = run.readManifest()?.["retool"];
  return typeof version !== "string" || version === packageVersion()
    ? undefined
    : `the run was begun with retool ${version}, this is ${packageVersion()}`;
}
