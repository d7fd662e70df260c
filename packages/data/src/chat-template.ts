import { Template } from "@huggingface/jinja";
import { InputError } from "@retool-ts/core";
import { boundedText, stepCounter, withBounds } from "./template-bounds.js";
import { withPythonConstants } from "./template-output.js";
import { pythonStrip, STRIP, withPythonStrips } from "./template-strings.js";

/** A call of a tool by the assistant. */
export interface ChatToolCall {
  readonly type?: "function";
  readonly id?: string;
  readonly function: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> | string };
}

/** A message of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content?: string | null;
  readonly tool_calls?: readonly ChatToolCall[] | null;
  readonly tool_call_id?: string;
  readonly name?: string;
}

/** A tool as models are told of it: name, description and a JSON Schema of its arguments. */
export interface ToolSchema {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters?: Readonly<Record<string, unknown>>;
  };
}

/** Options of {@link renderChat}. */
export interface RenderChatOptions {
  readonly tools?: readonly ToolSchema[];
  /** Ends with the beginning of an assistant's turn. Default `false`. */
  readonly addGenerationPrompt?: boolean;
  /** Further variables that the template reads, such as `bos_token` or `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

const MAX_CACHED_TEMPLATES = 16;
const parsedTemplates = new Map<string, Template>();

/**
 * Renders a conversation with a model's Jinja chat template, `chat_template` in its `tokenizer_config.json`.
 *
 * The text is for prompts. What a model has sampled is kept as token ids: a template may rewrite earlier turns, and text
 * encoded again may give other ids.
 *
 * @throws InputError when the template cannot be parsed or refuses the messages.
 */
export function renderChat(template: string, messages: readonly ChatMessage[], options: RenderChatOptions = {}): string {
  const { tools, addGenerationPrompt = false, variables = {} } = options;
  return orRefuse("messages that the template accepts", "change the messages, or the template of the tokenizer", () => {
    const text = boundedText(
      parseTemplate(template).render({
        ...variables,
        [STRIP]: pythonStrip,
        ...stepCounter(),
        messages,
        tools: tools === undefined || tools.length === 0 ? null : tools,
        documents: null,
        add_generation_prompt: addGenerationPrompt,
      }),
    );
    if (NO_TEXT.test(text) && !NO_TEXT.test(template + JSON.stringify([messages, tools, variables])))
      throw new Error("an object, such as a call's arguments, where the template joins texts");
    return text;
  });
}

/** The library's text of an object, where Python refuses to join it with a text. */
const NO_TEXT = /\[object (?:Map|Object)\]/;

function parseTemplate(template: string): Template {
  const known = parsedTemplates.get(template);
  if (known !== undefined) return known;
  const parsed = orRefuse("a Jinja template", "correct chat_template of the tokenizer", () => {
    const made = new Template(template.replace(/\r\n?/g, "\n")); // as Jinja does, whose line breaks are all one
    made.parsed = withPythonConstants(withBounds(withPythonStrips(made.parsed)));
    return made;
  });
  if (parsedTemplates.size >= MAX_CACHED_TEMPLATES) parsedTemplates.clear();
  parsedTemplates.set(template, parsed);
  return parsed;
}

function orRefuse<T>(expected: string, fix: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (InputError.isInstance(cause)) throw cause;
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new InputError({ what: "chat template", where: "chat_template", expected, found, fix }, { cause });
  }
}
