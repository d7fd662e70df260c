import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "@retool-ts/runs";
import type { ChatText } from "./chat-endpoint.js";

const Entry = z.object({ text: z.string(), isWhole: z.boolean() });

/** Replies in a folder, one file each, found by the hash of what was asked. A half-written one is never seen. */
export class ReplyCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async get(key: unknown): Promise<ChatText | undefined> {
    try {
      const entry = Entry.safeParse(JSON.parse(await readFile(this.#path(key), "utf8")));
      return entry.success ? entry.data : undefined;
    } catch {
      return undefined; // absent or damaged: it is asked for again
    }
  }

  async put(key: unknown, { text, isWhole }: ChatText): Promise<void> {
    await writeFileAtomic(this.#path(key), `${JSON.stringify({ text, isWhole })}\n`);
  }

  #path(key: unknown): string {
    const hash = createHash("sha256").update(JSON.stringify(key)).digest("hex");
    return join(this.#folder, hash.slice(0, 2), `${hash}.json`);
  }
}
