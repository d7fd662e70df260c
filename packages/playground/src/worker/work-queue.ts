type Work = () => Promise<void>;

/** Work in order, one piece at a time, and pieces that long work lets in between. */
export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve();
  #between: { readonly work: Work; readonly done: (outcome: Promise<void>) => void }[] = [];

  /** Does a piece of work after those before it. */
  add(work: Work): Promise<void> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Leaves a piece of work to whoever calls {@link between} next. */
  addBetween(work: Work): Promise<void> {
    return new Promise((resolve) => this.#between.push({ work, done: resolve }));
  }

  /** Takes messages in, and does the work that came to be done in between. */
  async between(): Promise<void> {
    await turn();
    for (;;) {
      const next = this.#between.shift();
      if (next === undefined) return;
      const outcome = next.work();
      next.done(outcome);
      await outcome.catch(() => {});
      await turn();
    }
  }
}

/** Lets the messages that have come be seen. Timers of tabs in the background would be slowed down; messages are not. */
function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
