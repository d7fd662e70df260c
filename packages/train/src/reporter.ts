/** A bar that grows. */
export interface Progress {
  update(done: number, note?: string): void;
  done(note?: string): void;
}

/** Tells a person what is going on. */
export interface Reporter {
  say(line: string): void;
  /** @param start - how much was done before */
  progress(label: string, total: number, start?: number): Progress;
}

/** Tells nobody. */
export const silentReporter: Reporter = {
  say() {},
  progress: () => ({ update() {}, done() {} }),
};
