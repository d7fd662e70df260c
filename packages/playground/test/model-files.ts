import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelFiles } from "@retool-ts/policy";
import { MODEL_FILES } from "../src/session/open-policy.js";

/** Folder of the policy that the page starts from. */
export const MODEL_FOLDER = join(import.meta.dirname, "../src/model");

/** Its files. */
export async function readModel(folder = MODEL_FOLDER): Promise<ModelFiles> {
  return Object.fromEntries(await Promise.all(MODEL_FILES.map(async (name) => [name, await readFile(join(folder, name))] as const)));
}
