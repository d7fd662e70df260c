/** 2025-01-01T00:00:00Z, where every world's clock begins, in milliseconds since 1970. */
const EPOCH_MS = Date.UTC(2025, 0, 1);

/** Readings in a row, with no code between them, after which the clock hurries: it is a native sleep that waits. */
const PATIENCE = 64;

/** The clock of a world: it moves 1 ms a reading, and ever faster while native code does nothing but read it. */
export class PyodideClock {
  #elapsedMs = 0;
  #stepMs = 1;
  #readings = 0;

  /** A new world's clock, or that of code that ran on. */
  restart(): void {
    this.#elapsedMs = 0;
    this.ran();
  }

  /** Code ran since the last reading. */
  ran(): void {
    this.#readings = 0;
    this.#stepMs = 1;
  }

  /** Puts the clock in the place of this process's own. */
  install(): void {
    performance.now = () => this.#read();
    Date.now = () => EPOCH_MS + this.#read();
  }

  #read(): number {
    if (++this.#readings > PATIENCE) this.#stepMs = Math.min(this.#stepMs * 2, 1e9);
    this.#elapsedMs += this.#stepMs;
    return this.#elapsedMs;
  }
}
