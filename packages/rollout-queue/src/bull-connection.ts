import { InputError } from "@retool-ts/core";
import type * as BullMQ from "bullmq";
import type { Redis } from "ioredis";

/** Where a queue is. */
export interface BullOptions {
  /** Of Redis, such as `redis://127.0.0.1:6379`. */
  readonly url: string;
  /** Of {@link environmentDigest}: names the queue. */
  readonly digest: string;
  /** Begins all keys in Redis. Default: `retool`. */
  readonly prefix?: string;
  /** Of Redis, where the address has none. */
  readonly password?: string;
  /** Milliseconds after which a worker that says nothing is given up, and its rollouts are another's. Default: 30,000. */
  readonly lostAfterMs?: number;
  /** Hears of faults of the connection, once each kind. */
  readonly say?: (text: string) => void;
}

/** An open connection with the packages that speak over it. */
export interface BullConnection {
  readonly bull: typeof BullMQ;
  readonly redis: Redis;
  /** Begins all keys. */
  readonly prefix: string;
  /** Name of the queue. */
  readonly name: string;
  readonly title: string;
  /** To be told of every error: an emitter without a listener ends the process. */
  readonly onFault: (error: Error) => void;
}

/**
 * Opens a connection to Redis.
 *
 * @throws InputError when a package is missing, or no Redis answers.
 */
export async function openConnection({ url, digest, prefix = "retool", password, say }: BullOptions): Promise<BullConnection> {
  const [bull, ioredis] = await Promise.all([
    optionalPackage(() => import("bullmq"), "bullmq"),
    optionalPackage(() => import("ioredis"), "ioredis"),
  ]);
  const address = withoutSecrets(url);
  const redis = new ioredis.Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null, // Redis may be started again in mid-step
    connectTimeout: 10_000,
    ...(password !== undefined && { password }),
  });
  const said = new Set<string>();
  let isOpen = false;
  let last: Error | undefined;
  const onFault = (error: Error) => {
    last = error;
    if (!isOpen || said.has(error.message)) return;
    said.add(error.message);
    say?.(`queue at ${address}: ${error.message}`);
  };
  redis.on("error", onFault);
  try {
    await redis.connect();
    await redis.ping();
    isOpen = true;
  } catch (error) {
    redis.disconnect();
    const found = (last ?? (error as Error)).message || "no answer";
    const problem = { what: "rollout queue", where: address, expected: "a Redis that answers", found };
    throw new InputError({ ...problem, fix: "start it, as with redis-server, or correct the address" }, { cause: error });
  }
  return { bull, redis, prefix, name: `rollouts-${digest}`, title: `rollouts-${digest} at ${address}`, onFault };
}

/** @throws InputError when the package is not installed. */
async function optionalPackage<Module>(load: () => Promise<Module>, name: string): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const problem = { what: "rollout queue", where: `package ${name}`, expected: "bullmq and ioredis, by which jobs are queued" };
    throw new InputError({ ...problem, found: "not installed", fix: "npm install bullmq@6 ioredis" }, { cause });
  }
}

/** An address as it may be shown. */
function withoutSecrets(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return String(shown).replace(/\/$/, "");
}
