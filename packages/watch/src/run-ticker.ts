import type { RunList } from "./run-list.js";

/** Looks at runs again and again while somebody follows them, and tells of changes. */
export class RunTicker {
  readonly list: RunList;
  /** Rises with each change. */
  version = 0;
  readonly #intervalMs: number;
  readonly #followers = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;

  constructor(list: RunList, intervalMs: number) {
    this.list = list;
    this.#intervalMs = intervalMs;
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Calls back after each change, and now and then without one, until the function that it returns is called. */
  follow(onLook: () => void): () => void {
    this.#followers.add(onLook);
    this.#timer ??= setInterval(() => void this.look(), this.#intervalMs);
    return () => {
      this.#followers.delete(onLook);
      if (this.#followers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Looks at all runs once; looks that overlap are one. */
  look(): Promise<void> {
    this.#look ??= this.list
      .refresh()
      .then((hasChanged) => {
        if (!hasChanged) return;
        this.version++;
        for (const onLook of this.#followers) onLook();
      })
      .finally(() => (this.#look = undefined));
    return this.#look;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#followers.clear();
  }
}
