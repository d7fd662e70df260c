import { randomUUID } from "node:crypto";
import { JsonRecords } from "./state/json-records.js";
import { unknown } from "./request-fault.js";

/** A client that is alive as long as it says so. */
interface SessionRecord {
  readonly id: string;
  readonly tags: readonly string[];
  readonly created: number;
}

interface Session {
  readonly record: SessionRecord;
  lastSeen: number;
  /** Silent at the last look: only the next one ends it, so that a process which was busy hears what came meanwhile. */
  isSilent: boolean;
}

/** Clients, and when they were last heard of. */
export class Sessions {
  readonly #records: JsonRecords<SessionRecord>;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  readonly #sessions = new Map<string, Session>();

  constructor(folder: string, options: { readonly now: () => number; readonly timeoutMs: number }) {
    this.#records = new JsonRecords(folder);
    this.#now = options.now;
    this.#timeoutMs = options.timeoutMs;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Takes up the sessions of the process before; they are as if just heard of. */
  async restore(): Promise<void> {
    for (const record of await this.#records.read()) this.#sessions.set(record.id, { record, lastSeen: this.#now(), isSilent: false });
  }

  async create(tags: readonly string[]): Promise<string> {
    const record = { id: `session_${randomUUID()}`, tags, created: this.#now() };
    this.#sessions.set(record.id, { record, lastSeen: this.#now(), isSilent: false });
    await this.#records.save(record);
    return record.id;
  }

  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  /**
   * Hears of a session.
   *
   * @throws HttpFault with 404 when there is none of this name.
   */
  touch(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) throw unknown("session", id);
    session.lastSeen = this.#now();
    session.isSilent = false;
  }

  /** Sessions that have been silent too long at two looks in sequence. */
  expired(): string[] {
    const ended: string[] = [];
    for (const [id, session] of this.#sessions) {
      const isLate = this.#now() - session.lastSeen >= this.#timeoutMs;
      if (isLate && session.isSilent) ended.push(id);
      session.isSilent = isLate;
    }
    return ended;
  }

  async remove(id: string): Promise<void> {
    this.#sessions.delete(id);
    await this.#records.remove(id);
  }
}
