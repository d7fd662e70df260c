import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "@retool-ts/runs";
import type { ChatText } from "./chat-endpoint.js";

/** Texts that a model wrote. */
export const CachedText = z.object({ text: z.string(), isWhole: z.boolean() }) satisfies z.ZodType<ChatText>;

/** Replies in a folder, one file each, found by the hash of what was asked. A half-written one is never seen. */
export class ReplyCache<T> {
  readonly #folder: string;
  readonly #schema: z.ZodType<T>;

  constructor(folder: string, schema: z.ZodType<T>) {
    this.#folder = folder;
    this.#schema = schema;
  }

  async get(key: unknown): Promise<T | undefined> {
    try {
      const entry = this.#schema.safeParse(JSON.parse(await readFile(this.#path(key), "utf8")));
      return entry.success ? entry.data : undefined;
    } catch {
      return undefined; // absent or damaged: it is asked for again
    }
  }

  async put(key: unknown, reply: T): Promise<void> {
    await writeFileAtomic(this.#path(key), `${JSON.stringify(reply)}\n`);
  }

  #path(key: unknown): string {
    const hash = createHash("sha256").update(JSON.stringify(key)).digest("hex");
    return join(this.#folder, hash.slice(0, 2), `${hash}.json`);
  }
}
