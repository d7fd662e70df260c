import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { quickWrite } from "./quick-write.js";

/** Small records in a folder, a file each. */
export class JsonRecords<T extends { readonly id: string }> {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async save(record: T): Promise<void> {
    await quickWrite(this.#path(record.id), JSON.stringify(record));
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  async read(): Promise<T[]> {
    await mkdir(this.#folder, { recursive: true });
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(".json")).sort();
    return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(this.#folder, name), "utf8")) as T));
  }

  #path(id: string): string {
    return join(this.#folder, `${encodeURIComponent(id)}.json`);
  }
}
