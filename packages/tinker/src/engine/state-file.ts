import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";

/** A state on a server, as a folder names it: the weights stay there. */
export interface StateFile {
  readonly format: 1;
  readonly baseUrl: string;
  readonly baseModel: string;
  readonly rank: number;
  /** Of weights and optimizer; null = the base model, as it is. */
  readonly path: string | null;
  /** Updates since the beginning. */
  readonly updates: number;
}

const NAME = "tinker.json";

/** Writes the name of a state into a folder. */
export async function writeStateFile(folder: string, state: Omit<StateFile, "format">): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, NAME);
  await writeFile(`${path}.partial`, `${JSON.stringify({ format: 1, ...state }, null, 2)}\n`);
  await rename(`${path}.partial`, path);
}

/** @throws InputError when the folder names no state, or one of another model. */
export async function readStateFile(folder: string, { baseModel, rank }: Pick<StateFile, "baseModel" | "rank">): Promise<StateFile> {
  const where = join(folder, NAME);
  const text = await readFile(where, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new InputError({ what: "checkpoint", where, expected: "the name of a state on a server", found: "no such file", fix: "name a checkpoint of a run with --engine tinker" }); // prettier-ignore
  });
  const state = parseState(text, where);
  if (state.baseModel === baseModel && state.rank === rank) return state;
  const found = `${state.baseModel} with rank ${state.rank}`;
  throw new InputError({ what: "checkpoint", where, expected: `a state of ${baseModel} with rank ${rank}`, found, fix: "go on with the model that the run began with" }); // prettier-ignore
}

function parseState(text: string, where: string): StateFile {
  try {
    const state = JSON.parse(text) as StateFile;
    if (state.format === 1 && typeof state.baseModel === "string" && (state.path === null || typeof state.path === "string")) return state;
  } catch {
    // told below
  }
  throw new InputError({
    what: "checkpoint",
    where,
    expected: "format 1 of a state's name",
    found: "another",
    fix: "take another checkpoint",
  });
}
