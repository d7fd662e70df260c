import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@retool-ts/runs";

/** What a model is, and how far its state on the disk goes. */
export interface ModelRecord {
  readonly id: string;
  readonly session: string;
  readonly baseModel: string;
  readonly rank: number;
  readonly seed: number;
  readonly trainAttention: boolean;
  readonly trainMlp: boolean;
  /** First number of the model's order that the state does not have. */
  readonly next: number;
  /** Order of the last request that the state has; requests that came without a number go by it. */
  readonly order: number;
  /** Folder of weights and optimizer below the model's; null: the adapter as it was made. */
  readonly state: string | null;
}

const RECORD = "model.json";

/** The models in training in a folder: after each step a state that training goes on from. */
export class ModelFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes a state into a folder of its own, then says in one step that it counts.
   *
   * @param write - absent: the adapter is as it was made
   */
  async save(record: Omit<ModelRecord, "state">, write?: (folder: string) => Promise<void>): Promise<void> {
    const folder = this.#of(record.id);
    await mkdir(folder, { recursive: true });
    const state = write === undefined ? null : `state-${record.order}`;
    if (state !== null) {
      await rm(join(folder, state), { recursive: true, force: true });
      await mkdir(join(folder, state));
      await write!(join(folder, state));
    }
    await writeFileAtomic(join(folder, RECORD), JSON.stringify({ ...record, state } satisfies ModelRecord));
    for (const name of await readdir(folder)) {
      if (name.startsWith("state-") && name !== state) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  /** All models, oldest first. */
  async read(): Promise<ModelRecord[]> {
    await mkdir(this.#folder, { recursive: true });
    const records: ModelRecord[] = [];
    for (const name of await readdir(this.#folder)) {
      const text = await readFile(join(this.#folder, name, RECORD), "utf8").catch(() => undefined);
      if (text === undefined) await rm(join(this.#folder, name), { recursive: true, force: true });
      else records.push(JSON.parse(text) as ModelRecord);
    }
    return records.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Folder of a model's state. */
  stateFolder({ id, state }: ModelRecord): string | undefined {
    return state === null ? undefined : join(this.#of(id), state);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#of(id), { recursive: true, force: true });
  }

  #of(id: string): string {
    return join(this.#folder, encodeURIComponent(id));
  }
}
