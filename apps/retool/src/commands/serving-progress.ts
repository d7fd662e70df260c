import type { OpenAIServer } from "@retool-ts/serve";
import { formatDuration } from "@retool-ts/report";
import type { Status } from "../shell/log.js";

/** Counts of a server since it began. */
export interface ServedCounts {
  readonly requests: number;
  readonly active: number;
  readonly waiting: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** What a server has served so far. */
export function servedCounts({ engine, gate }: Pick<OpenAIServer, "engine" | "gate">): ServedCounts {
  const { promptTokens, cachedTokens } = engine.pool.stats;
  const { requests, completionTokens } = engine.stats;
  return { requests, active: gate.active, waiting: gate.waiting, promptTokens, cachedTokens, completionTokens };
}

/** Says what a server serves, as it does and at its end. */
export class ServingProgress {
  readonly #read: () => ServedCounts;
  readonly #now: () => number;
  readonly #started: number;
  #last: { readonly at: number; readonly tokens: number };

  /** @param now - milliseconds */
  constructor(read: () => ServedCounts, now: () => number) {
    this.#read = read;
    this.#now = now;
    this.#started = now();
    this.#last = { at: this.#started, tokens: 0 };
  }

  /** The present, with the tokens a second since it was last asked for. */
  line(): string {
    const { requests, active, waiting, completionTokens, ...prompts } = this.#read();
    const at = this.#now();
    const seconds = Math.max(1, at - this.#last.at) / 1_000;
    const rate = (completionTokens - this.#last.tokens) / seconds;
    this.#last = { at, tokens: completionTokens };
    const work = `${active} at work${waiting > 0 ? `, ${waiting} waiting` : ""}`;
    return `  ${count(requests, "request")}, ${work}  ${count(completionTokens, "token")}, ${rate.toFixed(1)}/s${cacheShare(prompts)}`;
  }

  /** The whole, once it is over. */
  summary(): string {
    const { requests, completionTokens, ...prompts } = this.#read();
    const time = formatDuration(this.#now() - this.#started);
    if (requests === 0) return `No request was served in ${time}.`;
    const read = count(prompts.promptTokens, "token");
    return `Served ${count(requests, "request")} in ${time}: ${read} read, ${completionTokens} written${cacheShare(prompts)}.`;
  }
}

/** Milliseconds between two looks at a server. */
const LOOK_MS = 2_000;

/** Keeps a status up to date until it is told to stop. */
export function showServing(progress: ServingProgress, status: Status): () => void {
  const show = (): void => status.update(progress.line());
  show();
  const timer = setInterval(show, LOOK_MS).unref();
  return () => {
    clearInterval(timer);
    status.done();
  };
}

function count(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}

function cacheShare({ promptTokens, cachedTokens }: Pick<ServedCounts, "promptTokens" | "cachedTokens">): string {
  return promptTokens === 0 ? "" : `, ${Math.round((100 * cachedTokens) / promptTokens)} % of prompts from the cache`;
}
