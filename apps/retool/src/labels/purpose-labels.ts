import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { CODE_PURPOSES, type CodePurpose } from "@retool-ts/rollout";
import { completeChat, type ChatEndpoint } from "./chat-endpoint.js";

/** Code to be labelled, and what the policy wrote before it. */
export interface LabelRequest {
  readonly code: string;
  readonly context: string;
}

const SYSTEM = `You are shown code that a model wrote while solving a problem, and the text before it. Name the main purpose of the code. Answer with exactly one of these, and nothing else: ${CODE_PURPOSES.join(", ")}.`;

/** Requests on their way at once. */
const CONCURRENCY = 4;
const MOST_CHARS = 4_000;

/** Purposes that a language model named, kept in a file by content: code that was labelled once is not asked about again. */
export class PurposeLabels {
  readonly #file: string;
  readonly #model: string;
  readonly #known = new Map<string, CodePurpose>();

  /** @param file - JSON lines `{ key, purpose }`; made when the first label is kept. */
  constructor(file: string, model: string) {
    this.#file = file;
    this.#model = model;
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
    for (const line of lines) {
      const { key, purpose } = JSON.parse(line) as { key: string; purpose: CodePurpose };
      this.#known.set(key, purpose);
    }
  }

  purposeOf(request: LabelRequest): CodePurpose | undefined {
    return this.#known.get(this.#key(request));
  }

  /** Asks for what is not known yet, and keeps each answer at once. An answer that names no purpose is `other`. */
  async label(requests: readonly LabelRequest[], endpoint: ChatEndpoint, signal?: AbortSignal): Promise<void> {
    const open = new Map(requests.map((request) => [this.#key(request), request]));
    for (const key of this.#known.keys()) open.delete(key);
    const queue = [...open];
    const work = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [key, { code, context }] = next;
        const user = `Text before the code:\n${context.slice(-MOST_CHARS)}\n\nCode:\n${code.slice(0, MOST_CHARS)}`;
        const purpose = purposeIn(await completeChat(endpoint, SYSTEM, user, signal));
        this.#known.set(key, purpose);
        await appendFile(this.#file, `${JSON.stringify({ key, purpose })}\n`);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  }

  #key({ code, context }: LabelRequest): string {
    return createHash("sha256")
      .update(JSON.stringify([this.#model, context, code]))
      .digest("hex")
      .slice(0, 32);
  }
}

/** The purpose that an answer names first. */
function purposeIn(answer: string): CodePurpose {
  const text = answer.toLowerCase();
  const places = CODE_PURPOSES.map((purpose) => ({ purpose, place: text.indexOf(purpose) })).filter(({ place }) => place >= 0);
  return places.sort((a, b) => a.place - b.place)[0]?.purpose ?? "other";
}
