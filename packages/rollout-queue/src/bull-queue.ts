import type { Job, Queue, QueueEvents } from "bullmq";
import { openConnection, type BullConnection, type BullOptions } from "./bull-connection.js";
import type { JobEnd, JobQueue, QueuedJob, Submission } from "./job-queue.js";

/** What a job holds in Redis: its text and, once it is done, its result. */
export interface BullData {
  readonly text: string;
  readonly result?: string;
}

/** Jobs that are added, asked about or removed in one go. */
const CHUNK = 500;
/** Faults of a worker that a job survives. */
const ATTEMPTS = 5;
/** Seconds that results wait for whoever asks for them again. */
const KEPT_SECONDS = 86_400;
/** Milliseconds between two looks at all jobs, which find ends that no event told of. */
const LOOK_MS = 30_000;

/** What is known of a job that is waited for. */
interface Waiting {
  readonly job: QueuedJob;
  /** This process has put it there, so that a failure is one of now. */
  isOwn: boolean;
}

/** A {@link JobQueue} of BullMQ on Redis. Results lie in the jobs, and events only tell that they are there. */
export class BullJobQueue implements JobQueue {
  readonly title: string;
  readonly #connection: BullConnection;
  readonly #queue: Queue<BullData>;
  readonly #events: QueueEvents;
  readonly #submissions = new Set<BullSubmission>();

  private constructor(connection: BullConnection) {
    const { bull, redis, prefix, name, title, onFault } = connection;
    this.title = title;
    this.#connection = connection;
    this.#queue = new bull.Queue<BullData>(name, {
      connection: redis,
      prefix,
      defaultJobOptions: {
        attempts: ATTEMPTS,
        backoff: { type: "exponential", delay: 1_000 },
        removeOnComplete: { age: KEPT_SECONDS },
        removeOnFail: { age: KEPT_SECONDS },
      },
      streams: { events: { maxLen: 100_000 } },
    });
    this.#events = new bull.QueueEvents(name, { connection: redis, prefix });
    this.#queue.on("error", onFault);
    this.#events.on("error", onFault);
    const onEnd = ({ jobId }: { readonly jobId: string }) => {
      for (const submission of this.#submissions) void submission.look([jobId]).catch(onFault);
    };
    this.#events.on("completed", onEnd);
    this.#events.on("failed", onEnd);
  }

  /** @throws InputError when a package is missing, or no Redis answers. */
  static async open(options: BullOptions): Promise<BullJobQueue> {
    const queue = new BullJobQueue(await openConnection(options));
    await queue.#events.waitUntilReady(); // no event is told of before
    return queue;
  }

  async submit(jobs: readonly QueuedJob[], onEnd: (end: JobEnd) => void): Promise<Submission> {
    const submission = new BullSubmission(this.#queue, jobs, onEnd);
    this.#submissions.add(submission);
    await submission.lookAtAll();
    const timer = setInterval(() => void submission.lookAtAll().catch(this.#connection.onFault), LOOK_MS);
    return {
      close: async (results) => {
        clearInterval(timer);
        this.#submissions.delete(submission);
        await submission.takeBack(results);
      },
    };
  }

  workers(): Promise<number> {
    return this.#queue.getWorkersCount();
  }

  async close(): Promise<void> {
    await this.#events.close();
    await this.#queue.close();
    this.#connection.redis.disconnect();
  }
}

/** Jobs that one request waits for. */
class BullSubmission {
  readonly #queue: Queue<BullData>;
  readonly #ids: readonly string[];
  readonly #waiting: Map<string, Waiting>;
  readonly #onEnd: (end: JobEnd) => void;

  constructor(queue: Queue<BullData>, jobs: readonly QueuedJob[], onEnd: (end: JobEnd) => void) {
    this.#queue = queue;
    this.#ids = jobs.map(({ id }) => id);
    this.#waiting = new Map(jobs.map((job) => [job.id, { job, isOwn: false }]));
    this.#onEnd = onEnd;
  }

  async lookAtAll(): Promise<void> {
    for (const ids of chunksOf([...this.#waiting.keys()])) await this.look(ids);
  }

  /** Finds out how jobs stand: takes results, and puts there what is not. */
  async look(ids: readonly string[]): Promise<void> {
    const missing = await Promise.all(ids.map(async (id) => ((await this.#isMissing(id)) ? [this.#waiting.get(id)!] : [])));
    const added = missing.flat();
    if (added.length === 0) return;
    for (const waiting of added) waiting.isOwn = true;
    await this.#queue.addBulk(added.map(({ job: { id, text } }) => ({ name: "rollout", data: { text }, opts: { jobId: id } })));
  }

  /** Takes back jobs that wait; those that are being done go on, and what they give lies there until it is old. */
  async takeBack(results: "keep" | "drop"): Promise<void> {
    const open = new Set(this.#waiting.keys());
    this.#waiting.clear();
    for (const ids of chunksOf(this.#ids.filter((id) => results === "drop" || open.has(id)))) {
      await Promise.all(
        ids.map(async (id) => {
          if (results === "keep" && (await this.#queue.getJobState(id)) === "completed") return;
          await this.#queue.remove(id).catch(() => {}); // a worker has it
        }),
      );
    }
  }

  /** Tells the end of a job, if it has one; true for a job that has to be put there. */
  async #isMissing(id: string): Promise<boolean> {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    const state = await this.#queue.getJobState(id);
    if (state === "completed") return !(await this.#take(id));
    if (state === "unknown") return this.#waiting.has(id);
    if (state === "active") return false;
    if (!waiting.isOwn) return this.#remove(id); // it failed there, or waits with weights that may be gone
    if (state !== "failed") return false;
    const job = await this.#queue.getJob(id);
    this.#end({ id, status: "failed", reason: job?.failedReason ?? "without a reason" });
    return false;
  }

  async #take(id: string): Promise<boolean> {
    const job: Job<BullData> | undefined = await this.#queue.getJob(id);
    const result = job?.data.result;
    if (result === undefined) return !(this.#waiting.has(id) && (await this.#remove(id)));
    this.#end({ id, status: "done", result });
    return true;
  }

  #end(end: JobEnd): void {
    if (this.#waiting.delete(end.id)) this.#onEnd(end);
  }

  async #remove(id: string): Promise<boolean> {
    return (await this.#queue.remove(id).catch(() => 0)) > 0;
  }
}

function chunksOf(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / CHUNK) }, (_, i) => ids.slice(i * CHUNK, (i + 1) * CHUNK));
}
