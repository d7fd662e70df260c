import { TinkerClient } from "@retool-ts/tinker";
import type { TinkerEngineConfig } from "../config/engine-config.js";
import type { OpenModelContext } from "./run-model.js";

/** A session with a Tinker server; long waits are told. */
export function connectTinker(
  engine: TinkerEngineConfig,
  vocabSize: number,
  { reporter, signal }: Pick<OpenModelContext, "reporter" | "signal">,
): Promise<TinkerClient> {
  const told = new Map<string, number>();
  const apiKey = process.env["TINKER_API_KEY"];
  return TinkerClient.connect({
    baseUrl: engine.baseUrl,
    ...(apiKey && { apiKey, headers: { authorization: `Bearer ${apiKey}` } }),
    vocabSize,
    maxConcurrentSamples: engine.concurrency,
    resultMs: 60_000 * engine.resultMinutes,
    tags: ["retool"],
    signal,
    onRetry: ({ route, attempt, waitMs, error }) => {
      if (attempt >= 2) reporter.say(`${route}: try ${attempt + 1} in ${(waitMs / 1000).toFixed(1)} s, after: ${error.message}`);
    },
    onWait: ({ route, requestId, waitedMs, queueState }) => {
      const minutes = Math.floor(waitedMs / 60_000);
      if (minutes === 0 || told.get(requestId) === minutes) return;
      told.set(requestId, minutes);
      reporter.say(`waiting for ${route} for ${minutes} min${queueState === undefined ? "" : `; the server's queue is ${queueState}`}`);
    },
  });
}
