import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTrajectories, type TrajectoryRecord } from "@retool-ts/runs";
import { QUIET, quietShell } from "../../test/quiet-shell.js";
import { chatWithEndpoint } from "../commands/chat-endpoint-run.js";
import { serveModel } from "../commands/serve-run.js";
import { loadConfig } from "../config/load-config.js";
import { withRun } from "../recipe/session.js";
import { runSft } from "../recipe/stages.js";
import { evaluateCheckpoint } from "./evaluate-checkpoint.js";
import { evaluateEndpoint } from "./evaluate-endpoint.js";

/** Settings of one evaluation. */
export interface Asked {
  readonly temperature: number;
  readonly set?: readonly string[];
}

/** What an evaluation printed, and the rollouts that it kept. */
export interface Outcome {
  readonly figures: Readonly<Record<string, unknown>>;
  readonly records: readonly TrajectoryRecord[];
}

/** A run that is served, and evaluated both ways. */
export interface ServedRun {
  readonly endpoint: string;
  inProcess(name: string, asked: Asked): Promise<Outcome>;
  throughServer(name: string, asked: Asked): Promise<Outcome>;
  /** What `retool chat --endpoint` prints for a question, greedily. */
  chat(question: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

const COMMON = { json: true, limit: 20, samples: 2 };

/**
 * Teaches a small model for a moment and serves it.
 *
 * @param settingsIn - settings over the preset `smoke`; it gets a folder that lasts as long as the run
 */
export async function serveTaughtRun(settingsIn: (folder: string) => Promise<readonly string[]>): Promise<ServedRun> {
  const folder = await mkdtemp(join(tmpdir(), "retool-served-"));
  const run = join(folder, "run");
  const stop = new AbortController();
  const taught = await loadConfig({ preset: "smoke", set: await settingsIn(folder) });
  await withRun(
    { path: run, resume: false, config: taught, resumeWith: "again", reporter: QUIET, signal: stop.signal },
    async (context, state) => {
      if (state.phase === "sft") await runSft(context, state);
    },
  );
  let shell = quietShell();
  const address = new Promise<string>((resolve) => (shell = quietShell({ signal: stop.signal, print: resolve })));
  const limits = { maxSequences: 8, queueLimit: 64, maxBodyBytes: 2 ** 20, timeout: 60, prefixCache: true };
  const serving = serveModel({ model: run, host: "127.0.0.1", port: 0, set: [], ...limits }, shell);
  const endpoint = (await Promise.race([serving, address]))!;

  const config = join(run, "config.yaml");
  const asking = { config, endpoint, apiKeyEnv: "NO_SUCH_KEY", concurrency: 4, retries: 0, retryDelayMs: 1, timeoutS: 60 };
  const outcome = async (output: string, printed: readonly string[]): Promise<Outcome> => ({
    figures: JSON.parse(printed[0]!) as Record<string, unknown>,
    records: await readTrajectories(join(output, "trajectories/eval.jsonl.gz")),
  });
  return {
    endpoint,
    async inProcess(name, { temperature, set = [] }) {
      const own = quietShell();
      const output = join(folder, `own-${name}`);
      await evaluateCheckpoint({ ...COMMON, model: run, set, temperature, output }, own);
      return outcome(output, own.printed);
    },
    async throughServer(name, { temperature, set = [] }) {
      const own = quietShell();
      const output = join(folder, `served-${name}`);
      await evaluateEndpoint({ ...COMMON, ...asking, model: "run", set, temperature, output }, own);
      return outcome(output, own.printed);
    },
    async chat(question) {
      const own = quietShell();
      await chatWithEndpoint({ ...asking, model: "run", question, temperature: 0, topP: 1, seed: 1, set: [] }, own);
      return own.printed;
    },
    async close() {
      stop.abort();
      await serving;
      await rm(folder, { recursive: true });
    },
  };
}

/** All of a record but its texts, which a server does not tell in full, and places of calls in them. */
export const outline = ({ segments, toolCalls, ...record }: TrajectoryRecord & { readonly usage?: unknown }) => ({
  ...record,
  usage: undefined,
  segments: segments.map(({ kind, tokens }) => [kind, tokens]),
  calls: toolCalls.map(({ start: __, ...call }) => call),
});
