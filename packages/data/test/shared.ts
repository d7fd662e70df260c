import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { resolve } from "node:path";

/** The folder of reference data that is not part of the repository: `RETOOL_SHARED`, or `shared` beside the repository. */
const folder = resolve(process.env["RETOOL_SHARED"] ?? fileURLToPath(new URL("../../../../shared", import.meta.url)), "data");

/** Whether the reference data is there; tests that need it are skipped otherwise. */
export const hasShared = existsSync(folder);

/** Ends the names of tests that need the reference data, so that a skipped one says why. */
export const needsShared = hasShared ? "" : ` (skipped: no ${folder}; set RETOOL_SHARED to the folder with the reference data)`;

/** Path of a reference file. */
export function sharedPath(name: string): string {
  return resolve(folder, name);
}
