import { createHash } from "node:crypto";
import { RetoolError } from "@retool-ts/core";
import { CODE_PURPOSES, type CodePurpose } from "@retool-ts/rollout";
import { askChat, type ChatEndpoint, type ChatRequest } from "../data-build/chat-endpoint.js";
import type { LabelRequest } from "@retool-ts/report";
import { RecordLog } from "@retool-ts/runs";

const SYSTEM = `You are shown code that a model wrote while solving a problem, and the text before it. Name the main purpose of the code. Answer with exactly one of these, and nothing else: ${CODE_PURPOSES.join(", ")}.`;

/** Requests on their way at once. */
const CONCURRENCY = 4;
const MOST_CHARS = 4_000;

/** Purposes that a language model named, kept in a file by content: code that was labelled once is not asked about again. */
export class PurposeLabels {
  readonly #log: RecordLog;
  readonly #model: string;
  readonly #known = new Map<string, CodePurpose>();

  /** @param file - JSON lines `{ key, purpose }`; made when the first label is kept. */
  constructor(file: string, model: string) {
    this.#log = new RecordLog(file);
    this.#model = model;
    this.#log.repair();
    for (const { key, purpose } of this.#log.read()) this.#known.set(String(key), purpose as CodePurpose);
  }

  purposeOf(request: LabelRequest): CodePurpose | undefined {
    return this.#known.get(this.#key(request));
  }

  /**
   * Asks for what is not known yet, and keeps each answer at once. An answer that names no purpose is `other`.
   *
   * @throws RetoolError when there is no answer, InputError when the address, the model or the key is wrong.
   */
  async label(requests: readonly LabelRequest[], endpoint: ChatEndpoint): Promise<void> {
    const open = new Map(requests.map((request) => [this.#key(request), request]));
    for (const key of this.#known.keys()) open.delete(key);
    const queue = [...open];
    const work = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [key, request] = next;
        const answer = await askChat(this.#chatRequest(request), endpoint);
        if (answer.status === "failed") throw new RetoolError("ENDPOINT", `${endpoint.url}: ${answer.reason}`);
        const purpose = purposeIn(answer.text);
        this.#known.set(key, purpose);
        await this.#log.append({ key, purpose });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  }

  #chatRequest({ code, context }: LabelRequest): ChatRequest {
    const content = `Text before the code:\n${context.slice(-MOST_CHARS)}\n\nCode:\n${code.slice(0, MOST_CHARS)}`;
    const messages = [
      { role: "system", content: SYSTEM },
      { role: "user", content },
    ] as const;
    return { model: this.#model, temperature: 0, messages };
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
