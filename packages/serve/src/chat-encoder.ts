import { InputError } from "@retool-ts/core";
import { renderChat, type ChatMessage, type ChatToolCall, type Tokenizer, type ToolSchema } from "@retool-ts/data";
import { HttpFault } from "@retool-ts/http";
import type { ChatFormat } from "./chat-format.js";
import { contextFault } from "./completion-engine.js";
import { encodeWithin } from "./request-bounds.js";
import { TextMemory } from "./text-memory.js";

/** What is rendered besides messages. */
export interface ChatContext {
  readonly tools: readonly ToolSchema[];
  /** Variables of the request, such as `enable_thinking`. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Tokens of a conversation that are known. */
export interface KnownPrefix {
  /** Up to the end of the last reply. */
  readonly tokenIds: readonly number[];
  /** The token that ended the reply as text; empty where none did. */
  readonly endedWith: string;
}

/** Marks text of messages in a rendering; the place of a number in it is a message's text. */
type Pieces = readonly (string | { readonly untrusted: string })[];

/** Whether a message's text may be encoded as part of the whole, and its tokens. */
interface CheckedText {
  readonly isPlain: boolean;
  readonly tokens: number;
}

/** Renders conversations and encodes them. Text of users, systems and tools cannot bring control tokens; the template can. */
export class ChatEncoder {
  readonly #tokenizer: Tokenizer;
  readonly #format: ChatFormat;
  readonly #maxLength: number;
  readonly #checked = new TextMemory<CheckedText>();

  /** @param maxLength - the longest sequence of the model: of texts that are far longer only a beginning is encoded */
  constructor(tokenizer: Tokenizer, format: ChatFormat, maxLength: number) {
    this.#tokenizer = tokenizer;
    this.#format = format;
    this.#maxLength = maxLength;
  }

  /**
   * Ids of a conversation up to where the assistant is to write.
   *
   * @throws HttpFault when the template refuses the messages.
   */
  prompt(messages: readonly ChatMessage[], context: ChatContext): number[] {
    return [...this.#format.beginningIds, ...this.#encode(this.#pieces(messages, context, true))];
  }

  /**
   * Ids of a conversation whose beginning is known, so that what was sampled is not encoded again. Where the template changes what it wrote
   * of the last reply once others follow, all of it is.
   *
   * @throws HttpFault when there is no reply, or the template refuses the messages.
   */
  promptBehind({ tokenIds, endedWith }: KnownPrefix, messages: readonly ChatMessage[], context: ChatContext): number[] {
    const last = messages.findLastIndex(({ role }) => role === "assistant");
    const reply = messages[last];
    if (reply === undefined)
      throw new HttpFault(400, "prefix_token_ids: expected a message of the assistant, whose end they reach", {
        param: "prefix_token_ids",
        code: "invalid_value",
      });
    const added = this.suffix(messages.slice(0, last), reply, messages.slice(last + 1), context, endedWith);
    return added === undefined ? this.prompt(messages, context) : [...tokenIds, ...added];
  }

  /**
   * Ids that the template writes between the end of a reply and the next one, new messages included; undefined when it cannot be told,
   * because the template changes what it wrote of the reply once others follow.
   *
   * @param before - the conversation up to the reply
   * @param endedWith - the token that ended the reply, which the template's text must not repeat
   */
  suffix(
    before: readonly ChatMessage[],
    reply: ChatMessage,
    added: readonly ChatMessage[],
    context: ChatContext,
    endedWith: string,
  ): number[] | undefined {
    const mark = "Zx3reply3xZ";
    const marked: ChatMessage = { ...reply, content: mark };
    const bare: ChatMessage = { role: "assistant", content: mark };
    const behind = (messages: readonly ChatMessage[], generate: boolean): Pieces =>
      behindMark(this.#pieces(messages, context, generate), mark);
    const closed = behind([...before, marked], false);
    const ending = textOf(behind([...before, bare], false));
    const whole = behind([...before, marked, ...added], true);
    const rest = withoutStart(whole, textOf(closed));
    if (rest === undefined || !textOf(closed).endsWith(ending)) return undefined;
    const end = endedWith !== "" && ending.startsWith(endedWith) ? ending.slice(endedWith.length) : ending;
    return this.#encode([end, ...rest]);
  }

  /** Text of the template itself, such as a forced beginning. */
  encodeTrusted(text: string): number[] {
    return this.#tokenizer.encode(text);
  }

  #pieces(messages: readonly ChatMessage[], { tools, variables }: ChatContext, addGenerationPrompt: boolean): Pieces {
    const marks = new Marks(messages);
    let tokens = 0;
    const hide = (text: string, isResult: boolean): string => {
      const checked = this.#check(text, isResult);
      tokens += checked.tokens;
      if (tokens > 2 * this.#maxLength) throw contextFault(this.#maxLength, "the messages have more than twice as many");
      return checked.isPlain ? text : marks.hide(text);
    };
    const hidden = messages.map((message) =>
      message.role === "assistant" ? message : { ...message, content: hide(message.content ?? "", message.role === "tool") },
    );
    try {
      const rendered = renderChat(this.#format.template, hidden.map(forTemplate), {
        tools,
        addGenerationPrompt,
        variables: { ...this.#format.variables, ...variables },
      });
      return marks.split(rendered);
    } catch (error) {
      if (!InputError.isInstance(error)) throw error;
      throw new HttpFault(400, error.message, { param: "messages", code: "invalid_messages" });
    }
  }

  #check(text: string, isResult: boolean): CheckedText {
    const { apart } = this.#format;
    if (apart === "all" || (apart === "results" && isResult)) return { isPlain: false, tokens: 0 }; // an empty one too: the texts around it are not encoded as one
    if (text === "") return { isPlain: true, tokens: 0 };
    return this.#checked.of(text, () => {
      const inert = this.#untrusted(text);
      const open = this.#tokenizer.encode(text);
      return { isPlain: open.length === inert.length && open.every((id, i) => id === inert[i]), tokens: inert.length };
    });
  }

  #encode(pieces: Pieces): number[] {
    const ids: number[] = [];
    for (const piece of pieces) {
      const own =
        typeof piece === "string"
          ? encodeWithin(this.#maxLength, (text) => this.#tokenizer.encode(text), piece)
          : this.#untrusted(piece.untrusted);
      for (const id of own) ids.push(id);
      if (ids.length > 2 * this.#maxLength) throw contextFault(this.#maxLength, "the prompt has more than twice as many");
    }
    return ids;
  }

  #untrusted(text: string): number[] {
    return encodeWithin(this.#maxLength, (part) => this.#tokenizer.encodeUntrusted(part), text);
  }
}

/** Content is never absent for a template. */
function forTemplate(message: ChatMessage): ChatMessage {
  const calls: readonly ChatToolCall[] = message.tool_calls ?? [];
  const content = message.content ?? "";
  return calls.length === 0 ? { ...message, content } : { ...message, content, tool_calls: calls };
}

/** Stands in for texts of messages while a template is rendered. */
class Marks {
  readonly #texts: string[] = [];
  readonly #name: string;

  constructor(messages: readonly ChatMessage[]) {
    const all = JSON.stringify(messages);
    let name = "Qx7text";
    while (all.includes(name)) name += "x";
    this.#name = name;
  }

  hide(text: string): string {
    return `${this.#name}${this.#texts.push(text) - 1}x7Q`;
  }

  split(rendered: string): Pieces {
    const parts = rendered.split(new RegExp(`${this.#name}(\\d+)x7Q`));
    return parts.map((part, i) => (i % 2 === 0 ? part : { untrusted: this.#texts[Number(part)]! })).filter((part) => part !== "");
  }
}

function textOf(pieces: Pieces): string {
  return pieces.map((piece) => (typeof piece === "string" ? piece : piece.untrusted)).join("");
}

/** The pieces behind the last place of a mark. */
function behindMark(pieces: Pieces, mark: string): Pieces {
  const place = pieces.findLastIndex((piece) => typeof piece === "string" && piece.includes(mark));
  if (place < 0) return [];
  const piece = pieces[place] as string;
  return [piece.slice(piece.lastIndexOf(mark) + mark.length), ...pieces.slice(place + 1)];
}

/** Pieces without the text that they must begin with, which stands in the first of them. */
function withoutStart(pieces: Pieces, start: string): Pieces | undefined {
  const [first = "", ...others] = pieces;
  return typeof first === "string" && first.startsWith(start) ? [first.slice(start.length), ...others] : undefined;
}
