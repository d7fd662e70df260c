import { InputError } from "@retool-ts/core";
import { convertReToolRow, type ConversationDialect, type MixtureName } from "@retool-ts/data";
import { createSandbox, sandboxFusionClient } from "@retool-ts/sandbox";
import { writeFileAtomic } from "@retool-ts/runs";
import type { CliContext } from "../shell/cli-context.js";
import { Interrupted } from "../shell/interrupted.js";
import { formatTable } from "../shell/text-table.js";
import { MARK_REJECTIONS, markedRows, type MarkForm, type MarkRejection } from "./marked-rows.js";
import { buildReport, rejectionRows } from "./build-report.js";
import { generatedRows } from "./generated-rows.js";
import { Pace } from "./pace.js";
import { CachedText, ReplyCache } from "./reply-cache.js";
import { rewriteRows } from "./rewrite-rows.js";
import { textPrompt, trainingPrompt, type SnippetLanguage } from "./rewrite-prompt.js";
import { readReasoning, readSolved } from "./source-rows.js";
import { REJECTIONS } from "./verify-trace.js";

/** Options of `retool data build`. */
export interface BuildOptions {
  /** Text-only reasoning to rewrite. */
  readonly file?: string;
  readonly endpoint?: string;
  readonly model?: string;
  readonly tasks?: number;
  /** Takes the worked steps out of calculator marks in the file's answers; no model is asked. */
  readonly marks?: MarkForm;
  readonly mixture: MixtureName;
  readonly seed: number;
  readonly format: "retool-sft" | ConversationDialect;
  readonly language: SnippetLanguage;
  readonly sandboxUrl?: string;
  readonly limit?: number;
  readonly attempts: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly concurrency: number;
  readonly requestsPerMinute?: number;
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly timeoutS: number;
  readonly apiKeyEnv: string;
  readonly cache?: string;
  readonly strict?: boolean;
}

/**
 * Makes rows for supervised training: rewrites text-only reasoning with a model, runs calculator marks, or generates problems and
 * traces. Beside the rows it writes `….report.json` and `….rejected.jsonl`.
 *
 * @throws InputError when an option is missing or wrong, or the source cannot be read.
 */
export async function buildData(output: string, options: BuildOptions, context: CliContext): Promise<void> {
  if (!output.endsWith(".jsonl")) throw refuse("--output", "a file ending in .jsonl", output, "name the rows' file so");
  const { file, tasks } = options;
  if ((file === undefined) === (tasks === undefined)) {
    throw refuse("FILE, --tasks", "one of them", file === undefined ? "none" : "both", "give traces to rewrite, or how many to generate");
  }
  if (file === undefined && options.marks !== undefined)
    throw refuse("FILE", "a file with marks", "--tasks", "leave out --marks or --tasks");
  if (file === undefined) return generate(output, tasks!, options, context);
  if (options.marks !== undefined) return convertMarks(output, file, options.marks, options, context);
  try {
    await rewrite(output, file, options, context);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new Interrupted("interrupted; the replies so far are kept. Go on with the same command", { cause: error });
  }
}

async function rewrite(output: string, file: string, options: BuildOptions, context: CliContext): Promise<void> {
  const { print, reporter, signal } = context;
  const { endpoint: url, model, language, sandboxUrl, apiKeyEnv } = options;
  if (url === undefined) throw refuse("--endpoint", "an address such as http://127.0.0.1:8000/v1", "none", "give it");
  if (model === undefined) throw refuse("--model", "the name of a model at the endpoint", "none", "give it");
  const rows = await readReasoning(file, options.limit, context);
  await using sandbox = sandboxUrl === undefined ? await createSandbox({ language }) : undefined;
  const runner = sandbox ?? sandboxFusionClient({ url: sandboxUrl!, language: language === "python" ? "python" : "nodejs" });
  const apiKey = process.env[apiKeyEnv];
  const bar = reporter.progress("rewrite", rows.length);
  let retries = 0;
  const rewritten = await rewriteRows(rows, {
    endpoint: {
      url,
      ...(apiKey === undefined || apiKey === "" ? {} : { apiKey }),
      apiKeyEnv,
      timeoutMs: options.timeoutS * 1_000,
      retries: options.retries,
      retryDelayMs: options.retryDelayMs,
      pace: new Pace(options.requestsPerMinute ?? Infinity),
      signal,
      onRetry: () => retries++,
    },
    cache: new ReplyCache(options.cache ?? beside(output, "cache"), CachedText),
    model,
    temperature: options.temperature,
    maxTokens: options.maxTokens,
    attempts: options.attempts,
    concurrency: options.concurrency,
    verify: { runner, language, strict: options.strict ?? false, signal },
    onRow: (done) => bar.update(done),
  });
  bar.done();
  const report = buildReport(rewritten, retries);
  const kept = rewritten.rows.flatMap(({ row, outcome }) =>
    outcome.status === "kept" ? [{ question: row.question, response: outcome.response }] : [],
  );
  const rejected = rewritten.rows.flatMap(({ row, outcome, reply }) =>
    outcome.status === "kept" ? [] : [{ where: row.where, reason: outcome.reason, detail: outcome.detail, question: row.question, reply }],
  );
  await writeRows(output, kept, rejected, report, options);
  print(`${report.kept} of ${report.rows} rows written to ${output}`);
  const reasons = rejectionRows(report.rejected, REJECTIONS);
  if (reasons.length > 0) print(formatTable([["left out because", "rows"], ...reasons]));
  print(`${report.calls} snippets run, ${report.outputsReplaced} outputs were not what the model wrote and were replaced`);
  print(`${report.requests} requests, ${report.retries} of them tried again, ${report.cached} replies from the cache`);
}

async function generate(output: string, tasks: number, options: BuildOptions, { print, reporter, signal }: CliContext): Promise<void> {
  const { mixture, seed, language } = options;
  if (language !== "javascript") throw refuse("--language", "javascript with --tasks", language, "leave it out");
  await using sandbox = await createSandbox({ seed });
  const bar = reporter.progress("generate", tasks);
  const { kept, refused } = await generatedRows({ tasks, mixture, seed, sandbox, signal, onRow: (done) => bar.update(done) });
  bar.done();
  const report = { rows: tasks, kept: kept.length, rejected: refused.length, mixture, seed };
  await writeRows(output, kept, refused, report, options);
  print(`${kept.length} of ${tasks} rows written to ${output}`);
}

async function convertMarks(output: string, file: string, form: MarkForm, options: BuildOptions, context: CliContext): Promise<void> {
  const { print, reporter, signal } = context;
  if (options.language !== "javascript") throw refuse("--language", "javascript with --marks", options.language, "leave it out");
  const rows = await readSolved(file, options.limit, context);
  await using sandbox = await createSandbox();
  const bar = reporter.progress("run", rows.length);
  const { kept, refused } = await markedRows(rows, { form, sandbox, signal, onRow: (done) => bar.update(done) });
  bar.done();
  const rejected: Partial<Record<MarkRejection, number>> = {};
  for (const { reason } of refused) rejected[reason] = (rejected[reason] ?? 0) + 1;
  const steps = kept.reduce((sum, row) => sum + row.steps, 0);
  await writeRows(output, kept, refused, { rows: rows.length, kept: kept.length, rejected, marks: form, steps }, options);
  print(`${kept.length} of ${rows.length} rows with ${steps} steps written to ${output}`);
  const reasons = rejectionRows(rejected, MARK_REJECTIONS);
  if (reasons.length > 0) print(formatTable([["left out because", "rows"], ...reasons]));
}

async function writeRows(
  output: string,
  kept: readonly { readonly question: string; readonly response: string }[],
  rejected: readonly object[],
  report: object,
  { format, language, marks }: BuildOptions,
): Promise<void> {
  const rows = kept.map(({ question, response }) => {
    const messages = [
      { role: "user", content: marks === "text" ? textPrompt(question) : trainingPrompt(question, language) },
      { role: "assistant", content: response },
    ];
    return format === "retool-sft"
      ? { messages }
      : { messages: convertReToolRow({ messages }, { dialect: format, where: question.slice(0, 60) }) };
  });
  await writeFileAtomic(beside(output, "rejected.jsonl"), lines(rejected));
  await writeFileAtomic(beside(output, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomic(output, lines(rows));
}

function lines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** A name beside `rows.jsonl`, such as `rows.report.json`. */
function beside(output: string, ending: string): string {
  return output.replace(/jsonl$/, ending);
}

function refuse(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "data build", where, expected, found, fix });
}
