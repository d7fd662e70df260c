import { readFile } from "node:fs/promises";
import { InputError } from "@retool-ts/core";
import { parse } from "yaml";
import { checkConfig } from "./check-config.js";
import type { RecipeConfig } from "./recipe-config.js";
import type { RunFolder } from "@retool-ts/runs";
import { packageVersion } from "../shell/version.js";

/**
 * The config that a run began with.
 *
 * @throws InputError when the run has none, or one that this version does not take.
 */
export async function readRunConfig(run: RunFolder): Promise<RecipeConfig> {
  const file = run.file("config.yaml");
  let config: unknown;
  try {
    config = parse(await readFile(file, "utf8"));
  } catch (cause) {
    const found = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message.split("\n")[0]!;
    const problem = { what: "run folder", where: file, expected: "the config of the run", found };
    throw new InputError({ ...problem, fix: "start a new run in another folder" }, { cause });
  }
  const other = otherVersion(run);
  return checkConfig(config, (keys) => `${file}: ${keys.join(".")}${other === undefined ? "" : ` (${other})`}`);
}

/** Says that a run was begun with another version of this program; undefined where it was not, or the run does not tell. */
export function otherVersion(run: RunFolder): string | undefined {
  const version = run.readManifest()?.["retool"];
  return typeof version !== "string" || version === packageVersion()
    ? undefined
    : `the run was begun with retool ${version}, this is ${packageVersion()}`;
}
