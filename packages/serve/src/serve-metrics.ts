import { HttpMetrics, type RequestGate } from "@retool-ts/http";
import type { CompletionEngine } from "./completion-engine.js";

/** The server's metrics: requests, tokens, the share of prompts that the prefix cache held, and the time to the first token. */
export function serveMetrics(engine: CompletionEngine, gate: RequestGate) {
  const metrics = new HttpMetrics();
  metrics.watch(gate);
  metrics.total("retool_serve_prompt_tokens_total", "Tokens of prompts.", () => engine.pool.stats.promptTokens);
  metrics.total(
    "retool_serve_cached_tokens_total",
    "Tokens of prompts that an earlier request had computed.",
    () => engine.pool.stats.cachedTokens,
  );
  metrics.total("retool_serve_completion_tokens_total", "Tokens sampled.", () => engine.stats.completionTokens);
  metrics.gauge("retool_serve_cache_hit_share", "Share of prompt tokens that an earlier request had computed.", () => {
    const { promptTokens, cachedTokens } = engine.pool.stats;
    return promptTokens === 0 ? 0 : cachedTokens / promptTokens;
  });
  metrics.gauge("retool_serve_sequences_active", "Sequences that requests work with.", () => engine.pool.stats.active);
  metrics.gauge("retool_serve_sequences_kept", "Sequences kept for what they hold.", () => engine.pool.stats.kept);
  metrics.total("retool_serve_evicted_total", "Kept sequences that made room.", () => engine.pool.stats.evicted);
  const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
  const firstToken = metrics.histogram("retool_serve_first_token_seconds", "Time to the first token.", buckets);
  return { metrics, firstToken };
}
