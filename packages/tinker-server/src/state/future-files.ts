import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { jsonBody } from "@retool-ts/tinker/wire";
import type { Outcome } from "./outcome.js";
import { quickWrite } from "./quick-write.js";

/** A request as it came, and what was decided when it was taken. */
export interface RequestRecord {
  readonly id: string;
  /** The route below the API's prefix. */
  readonly route: string;
  /** Order in which requests were taken. */
  readonly order: number;
  readonly session: string;
  /** The model whose order it belongs to. */
  readonly model?: string;
  readonly seq?: number;
  /** Names the request among the client's own; a second one with this name must have the same hash. */
  readonly key?: string;
  readonly hash: string;
  /** Of a sample without one. */
  readonly seed?: number;
  readonly contentType: string;
}

/** A request from the disk. */
export interface KeptRequest {
  readonly record: RequestRecord;
  readonly body: Uint8Array;
  readonly outcome: Outcome | undefined;
}

/** Requests and their outcomes in a folder, so that they survive the process. */
export class FutureFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps a request before it is promised. */
  async saveRequest(record: RequestRecord, body: Uint8Array): Promise<void> {
    await quickWrite(this.#path(record.id, "request"), Buffer.concat([Buffer.from(`${JSON.stringify(record)}\n`), body]));
  }

  /** Keeps an outcome before anyone is told. */
  async saveOutcome(id: string, outcome: Outcome): Promise<void> {
    await quickWrite(this.#path(id, "outcome"), jsonBody(outcome));
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id, "request"), { force: true });
    await rm(this.#path(id, "outcome"), { force: true });
  }

  /** All requests, in the order in which they were taken. */
  async read(): Promise<KeptRequest[]> {
    await mkdir(this.#folder, { recursive: true });
    const names = new Set(await readdir(this.#folder));
    const kept: KeptRequest[] = [];
    for (const name of names) {
      if (name.endsWith(".tmp")) await rm(join(this.#folder, name), { force: true });
      if (!name.endsWith(".request")) continue;
      const bytes = await readFile(join(this.#folder, name));
      const end = bytes.indexOf("\n");
      const record = JSON.parse(bytes.subarray(0, end).toString()) as RequestRecord;
      const path = name.replace(/request$/, "outcome");
      const outcome = names.has(path) ? (JSON.parse(await readFile(join(this.#folder, path), "utf8")) as Outcome) : undefined;
      const body = Uint8Array.from(bytes.subarray(end + 1));
      kept.push({ record, body, outcome });
    }
    return kept.sort((a, b) => a.record.order - b.record.order);
  }

  #path(id: string, kind: "request" | "outcome"): string {
    return join(this.#folder, `${encodeURIComponent(id)}.${kind}`);
  }
}
