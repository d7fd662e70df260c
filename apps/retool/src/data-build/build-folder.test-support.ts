import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { chatServer, completion, type ChatAnswer, type ChatServer } from "../../test/chat-server.js";
import { quietShell } from "../../test/quiet-shell.js";
import { createProgram } from "../shell/command-line.js";
import { registerCommands } from "../commands/index.js";

/** A row as it is written. */
export interface Messages {
  readonly messages: readonly { readonly role: string; readonly content: string; readonly tool_calls?: unknown }[];
}

/** A reply that rewrites, and one that does so well for a numbered question. */
export const trace = (code: string, claimed: string, answer: string | number) =>
  `<revised_thinking_process>\nI compute.\n<code>\n\`\`\`javascript\n${code}\n\`\`\`\n</code>\n<interpreter>\n${claimed}\n</interpreter>\nSo it is.\n<answer> \\boxed{${answer}} </answer>\n</revised_thinking_process>`;
export const good = (i: number) => completion(trace(`console.log(6 * ${i})`, String(6 * i), 6 * i));

interface BuildState {
  folder: string;
  printed: string[];
  server?: ChatServer;
  controller: AbortController;
}

/** A folder for `retool data build`, of each test's own, and what runs in it. */
export function useBuildFolder() {
  const state: BuildState = { folder: "", printed: [], controller: new AbortController() };
  beforeEach(async () => {
    state.folder = await mkdtemp(join(tmpdir(), "retool-build-"));
    state.printed = [];
    state.controller = new AbortController();
  });
  afterEach(async () => {
    await state.server?.close();
    delete state.server;
    await rm(state.folder, { recursive: true });
  });

  const out = () => join(state.folder, "sft.jsonl");

  /** Runs `retool data build --output OUT …`. */
  async function build(...words: readonly string[]): Promise<void> {
    const context = quietShell({ signal: state.controller.signal, print: (text) => void state.printed.push(text) });
    await createProgram(context, { quiet: true }, registerCommands).parseAsync(["data", "build", "--output", out(), ...words], {
      from: "user",
    });
  }

  /** Rewrites numbered questions; `answer` is asked for the number of the question in each request. */
  async function rewrite(count: number, answer: (question: number, index: number) => ChatAnswer | Promise<ChatAnswer>, ...words: string[]) {
    const from = join(state.folder, "traces.jsonl");
    const rows = Array.from({ length: count }, (_, i) => ({ question: `Question ${i}: 6 * ${i}?`, answer: 6 * i, reasoning: "By hand." }));
    await writeFile(from, rows.map((row) => JSON.stringify(row)).join("\n"));
    state.server = await chatServer(({ body }, index) => answer(Number(/Question (\d+)/.exec(body.messages[0]!.content)![1]), index));
    await build(from, "--endpoint", state.server.url, "--model", "m", "--retry-delay-ms", "1", ...words);
  }

  async function jsonl<T = Messages>(name = "sft.jsonl"): Promise<T[]> {
    const text = await readFile(join(state.folder, name), "utf8");
    return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as T]));
  }

  const report = async () => JSON.parse(await readFile(join(state.folder, "sft.report.json"), "utf8")) as Record<string, unknown>;

  return { state, out, build, rewrite, jsonl, report };
}
