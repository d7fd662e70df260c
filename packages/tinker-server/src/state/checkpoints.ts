import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@retool-ts/runs";
import { RetoolError } from "@retool-ts/core";
import { CHECKPOINT_NAME, type CheckpointPath, formatCheckpointPath, MODEL_ID } from "./checkpoint-path.js";

/** What is known of a checkpoint without its weights. */
export interface CheckpointFacts {
  readonly baseModel: string;
  readonly rank: number;
  readonly alpha: number;
  readonly trainAttention: boolean;
  readonly trainMlp: boolean;
  /** The request that made it: doing that again finds it done. */
  readonly request: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The same; null: it is kept. */
  readonly expiresAt: number | null;
}

/** A checkpoint on the disk. */
export interface KeptCheckpoint extends CheckpointFacts {
  readonly path: CheckpointPath;
  readonly bytes: number;
}

const FACTS = "checkpoint.json";

/** Checkpoints of all models in a folder; each is whole or absent. */
export class Checkpoints {
  readonly #folder: string;
  #counter = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes a checkpoint beside its place and moves it there when it is whole.
   *
   * @throws RetoolError when another request has written one of this name and it may not be replaced.
   */
  async save(path: CheckpointPath, facts: CheckpointFacts, write: (folder: string) => Promise<void>, overwrite = false): Promise<void> {
    const folder = this.folder(path);
    const before = await this.read(path);
    if (before?.request === facts.request) return;
    if (before !== undefined && !overwrite) {
      throw new RetoolError("CHECKPOINT_EXISTS", `${formatCheckpointPath(path)} is there already: choose another name, or pass overwrite`);
    }
    const temporary = join(this.#folder, `.${process.pid}-${this.#counter++}.tmp`);
    await rm(temporary, { recursive: true, force: true });
    try {
      await mkdir(temporary, { recursive: true });
      await write(temporary);
      await writeFileAtomic(join(temporary, FACTS), JSON.stringify(facts));
      await mkdir(join(folder, ".."), { recursive: true });
      await rm(folder, { recursive: true, force: true });
      await rename(temporary, folder);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** Undefined where there is none, or its time is over. */
  async read(path: CheckpointPath): Promise<KeptCheckpoint | undefined> {
    const folder = this.folder(path);
    try {
      const facts = JSON.parse(await readFile(join(folder, FACTS), "utf8")) as CheckpointFacts;
      const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
      return { ...facts, path, bytes: sizes.reduce((sum, size) => sum + size, 0) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** All checkpoints, or those of one model, oldest first. */
  async list(model?: string): Promise<KeptCheckpoint[]> {
    const models = model === undefined ? (await names(this.#folder)).map(idOf) : [model];
    const found: KeptCheckpoint[] = [];
    for (const one of models) {
      if (one === undefined || !MODEL_ID.test(one)) continue; // such as `..`
      for (const kind of ["weights", "sampler_weights"] as const) {
        for (const name of await names(join(this.#folder, encodeURIComponent(one), kind))) {
          if (!CHECKPOINT_NAME.test(name)) continue;
          const checkpoint = await this.read({ model: one, kind, name });
          if (checkpoint !== undefined) found.push(checkpoint);
        }
      }
    }
    return found.sort((a, b) => a.time - b.time);
  }

  async remove(path: CheckpointPath): Promise<void> {
    await rm(this.folder(path), { recursive: true, force: true });
  }

  /** Removes those whose time is over. */
  async sweep(now: number): Promise<void> {
    for (const { path, expiresAt } of await this.list()) if (expiresAt !== null && expiresAt <= now) await this.remove(path);
  }

  /** Folder of the weights. */
  folder({ model, kind, name }: CheckpointPath): string {
    return join(this.#folder, encodeURIComponent(model), kind, name);
  }
}

/** The model of a folder; undefined where the folder is none of ours. */
function idOf(folder: string): string | undefined {
  try {
    return decodeURIComponent(folder);
  } catch {
    return undefined;
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
