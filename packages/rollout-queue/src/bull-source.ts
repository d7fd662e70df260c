import type { Job } from "bullmq";
import { RetoolError } from "@retool-ts/core";
import { openConnection, type BullConnection, type BullOptions } from "./bull-connection.js";
import type { BullData } from "./bull-queue.js";
import type { JobHandler, JobSource, WorkOptions } from "./job-queue.js";

/** Workers that a job may lose, one after the other; it may be what ends them. */
const MOST_LOST = 20;

/** A {@link JobSource} of BullMQ on Redis. */
export class BullJobSource implements JobSource {
  readonly title: string;
  readonly #connection: BullConnection;
  readonly #lostAfterMs: number;

  private constructor(connection: BullConnection, lostAfterMs: number) {
    this.title = connection.title;
    this.#connection = connection;
    this.#lostAfterMs = lostAfterMs;
  }

  /** @throws InputError when a package is missing, or no Redis answers. */
  static async open(options: BullOptions): Promise<BullJobSource> {
    return new BullJobSource(await openConnection(options), options.lostAfterMs ?? 30_000);
  }

  async work(handler: JobHandler, { concurrency, onDone, say }: WorkOptions): Promise<{ close(): Promise<void> }> {
    const { bull, redis, prefix, name, onFault } = this.#connection;
    const stop = new AbortController();
    const process = async (job: Job<BullData>, token?: string) => {
      const id = job.id!;
      if (job.data.result !== undefined) return; // a worker was lost between result and end
      try {
        const result = await handler({ id, text: job.data.text }, stop.signal);
        await job.updateData({ ...job.data, result });
      } catch (error) {
        if (stop.signal.aborted) {
          await job.moveToWait(token);
          throw new bull.WaitingError();
        }
        say?.(`${id}: ${error instanceof Error ? error.message : String(error)}`);
        // A text that is no job is none at the next try either.
        if (RetoolError.isInstance(error) && error.code === "ROLLOUT_JOB") throw new bull.UnrecoverableError(error.message);
        throw error;
      }
      onDone?.(id);
    };
    const worker = new bull.Worker<BullData>(name, process, {
      connection: redis,
      prefix,
      concurrency,
      lockDuration: this.#lostAfterMs,
      stalledInterval: this.#lostAfterMs,
      maxStalledCount: MOST_LOST,
    });
    worker.on("error", onFault);
    await worker.waitUntilReady();
    return {
      async close() {
        stop.abort(new DOMException("the worker ends", "AbortError"));
        await worker.close();
      },
    };
  }

  async close(): Promise<void> {
    this.#connection.redis.disconnect();
  }
}
