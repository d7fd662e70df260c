import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { InputError, nearestName } from "@retool-ts/core";

/** The path that means standard input, read as JSON lines. */
export const STANDARD_INPUT = "-";

/** Endings of the files that {@link datasetFiles} finds. */
const EXTENSIONS = [".jsonl", ".ndjson", ".json", ".parquet"];

/**
 * The dataset file at a path, or those in a folder, by name; `-` is standard input.
 *
 * @throws InputError when there is none; for a missing file it names the one most like it.
 */
export async function datasetFiles(pathOrFolder: string): Promise<string[]> {
  if (pathOrFolder === STANDARD_INPUT) return [pathOrFolder];
  const stats = await stat(pathOrFolder).catch(() => undefined);
  if (stats === undefined) throw refuse(pathOrFolder, "a file or folder", "none", await suggestion(pathOrFolder));
  if (stats.isDirectory()) {
    const names = (await readdir(pathOrFolder)).filter((name) => EXTENSIONS.includes(extname(name))).sort();
    if (names.length === 0) throw refuse(pathOrFolder, `files ending in ${EXTENSIONS.join(", ")}`, "none", "give another folder");
    return names.map((name) => join(pathOrFolder, name));
  }
  const extension = extname(pathOrFolder);
  if (!EXTENSIONS.includes(extension)) {
    const found = extension === "" ? "no extension" : extension;
    throw refuse(pathOrFolder, `a file ending in ${EXTENSIONS.join(", ")}`, found, "convert the file, or name it by what it holds");
  }
  return [pathOrFolder];
}

/** Names the file of the same folder that is most like the missing one. */
async function suggestion(path: string): Promise<string> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return `check the path; there is no folder ${folder}`;
  const datasets = names.filter((name) => EXTENSIONS.includes(extname(name)));
  const nearest = nearestName(basename(path), datasets, 3);
  if (nearest !== undefined) return `check the path; did you mean ${join(folder, nearest)}`;
  return datasets.length === 0 ? `check the path; ${folder} holds no dataset` : "check the path";
}

function refuse(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "dataset", where, expected, found, fix });
}
