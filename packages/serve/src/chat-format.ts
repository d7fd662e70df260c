import { isDeep } from "./json-depth.js";
import { extractHermesCalls, xmlDialect, type HermesCall } from "@retool-ts/rollout";

/** One call of a tool, as the policy wrote it. */
export interface ParsedCall {
  readonly name: string;
  /** JSON, as the API carries it. */
  readonly arguments: string;
}

/** A reply taken apart. */
export interface ParsedReply {
  /** The text without its calls. */
  readonly content: string;
  readonly calls: readonly ParsedCall[];
}

/** The way in which a model's conversations and calls are written. */
export interface ChatFormat {
  /** Name of the dialect of calls; the list of models tells it. */
  readonly dialect: "hermes" | "xml";
  /** `plain` where questions stand alone, between the template's variables `question_open` and `question_close`; else `chat`. */
  readonly prompt: "chat" | "plain";
  /** Tools that the model can call; undefined where it can call any that it is told of. */
  readonly tools?: readonly string[];
  /** Jinja, as in `tokenizer_config.json`. */
  readonly template: string;
  /** Further variables of the template, such as `bos_token`. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Ids before the template's text; those of a template that writes them itself are none. */
  readonly beginningIds: readonly number[];
  /** Messages that are encoded apart from the template's text, as the model was trained: all, those of tools, or none; others with it. */
  readonly apart: "all" | "results" | "none";
  /** Texts that end a turn and belong to it. */
  readonly stopStrings: readonly string[];
  /** Texts with which a call begins. */
  readonly callOpenings: readonly string[];
  parse(text: string): ParsedReply;
  /** Text that a reply is made to begin with, so that it calls a tool: the one named, or any; undefined where it cannot be made to. */
  opening(tool: string | undefined): string | undefined;
  /** What ends a single call, for replies that may make no second one. */
  readonly callClosing: string;
}

/** Options of the formats. */
export interface ChatFormatOptions {
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly beginningIds?: readonly number[];
}

/** Calls as `<tool_call>` around JSON, in a template of the model's own: Hermes, Qwen and others. */
export function hermesFormat(template: string, { variables = {}, beginningIds = [] }: ChatFormatOptions = {}): ChatFormat {
  return {
    dialect: "hermes",
    prompt: "chat",
    template,
    variables,
    beginningIds,
    apart: "none",
    stopStrings: [],
    callOpenings: ["<tool_call>"],
    callClosing: "</tool_call>",
    parse(text) {
      const { content, calls } = extractHermesCalls(text);
      if (calls.some((call) => isDeep(call.arguments))) return { content: text, calls: [] };
      return { content: calls.length > 0 ? content.trimEnd() : text, calls: calls.map(hermesCall) };
    },
    opening: (tool) => (tool === undefined ? '<tool_call>\n{"name": "' : `<tool_call>\n{"name": ${JSON.stringify(tool)}, "arguments": `),
  };
}

function hermesCall({ name, arguments: input, kept = [] }: HermesCall): ParsedCall {
  if (typeof input === "string") return { name, arguments: input };
  return { name, arguments: kept.reduce((text, digits) => text.replaceAll(`"${digits}"`, digits), JSON.stringify(input)) };
}

/** Options of {@link xmlFormat}. */
export interface XmlFormatOptions extends ChatFormatOptions {
  /** Tools besides the code interpreter, by tag. */
  readonly toolTags?: Readonly<Record<string, string>>;
  readonly resultOpen?: string;
  readonly resultClose?: string;
  /** True, the default: `</answer>` ends a reply. False: the model's end of turn behind it does. */
  readonly answerStops?: boolean;
  /** A chat template of the model's own for what comes before its replies; without one, questions stand alone on their lines. */
  readonly template?: string;
}

/** Tool of the tag `<code>`. */
const CODE_INTERPRETER = "code_interpreter";

/**
 * Calls as the paper's tags, which a model trained with them writes: `<code>` is the tool `code_interpreter` with an argument `code`, other
 * tags hold JSON. A turn ends with a closing tag; results stand between `<interpreter>` tags.
 */
export function xmlFormat(options: XmlFormatOptions = {}): ChatFormat {
  const {
    variables = {},
    beginningIds = [],
    toolTags = {},
    resultOpen = "\n<interpreter>\n",
    resultClose = "</interpreter>\n\n",
    answerStops = true,
  } = options;
  const dialect = xmlDialect({ toolTags, answerStops });
  const tagOf = new Map([...Object.entries(toolTags).map(([tag, tool]) => [tool, tag] as const), [CODE_INTERPRETER, "code"]]);
  return {
    dialect: "xml",
    prompt: options.template === undefined ? "plain" : "chat",
    tools: [...tagOf.keys()],
    template: options.template === undefined ? XML_TEMPLATE : inChat(options.template),
    variables: {
      question_open: "",
      question_close: "\n",
      ...variables,
      result_open: resultOpen,
      result_close: resultClose,
      tool_tags: Object.fromEntries(tagOf),
    },
    beginningIds,
    apart: options.template === undefined ? "all" : "results",
    stopStrings: dialect.stopStrings,
    callOpenings: [...tagOf.values()].map((tag) => `<${tag}>`),
    callClosing: "",
    parse(text) {
      const action = dialect.parseTurn(text);
      if (action.kind !== "call") return { content: text, calls: [] };
      return { content: text.slice(0, action.offset), calls: [{ name: action.tool, arguments: argumentsOf(action.input) }] };
    },
    opening(tool) {
      const tag = tool === undefined && tagOf.size === 1 ? "code" : tagOf.get(tool ?? "");
      return tag === undefined ? undefined : `<${tag}>`;
    },
  };
}

function argumentsOf(input: unknown): string {
  return typeof input === "string" ? input : JSON.stringify(input);
}

/** What the assistant writes, its calls in their tags. */
const XML_REPLY =
  "{{- message.content or '' -}}" +
  "{%- for call in message.tool_calls or [] -%}{%- set tag = tool_tags[call.function.name] or call.function.name -%}" +
  "{{- '<' + tag + '>' -}}{%- if tag == 'code' -%}{{- call.function.arguments.code -}}{%- else -%}{{- call.function.arguments | tojson -}}{%- endif -%}{{- '</' + tag + '>' -}}" +
  "{%- endfor -%}";
const XML_RESULT = "{{- result_open + message.content + result_close -}}";

/**
 * The messages up to the first reply as a chat template has them, then one turn of the assistant: replies and results in it as they are.
 * Questions that come later are conversations of their own.
 */
function inChat(template: string): string {
  return (
    `{%- macro asked(messages, add_generation_prompt) -%}${template}{%- endmacro -%}` +
    "{%- set open = namespace(messages=[]) -%}" +
    "{%- for message in messages -%}" +
    "{%- if message.role == 'assistant' or message.role == 'tool' -%}" +
    "{%- if open.messages -%}{{- asked(open.messages, true) -}}{%- set open.messages = [] -%}{%- endif -%}" +
    `{%- if message.role == 'tool' -%}${XML_RESULT}{%- else -%}${XML_REPLY}{%- endif -%}` +
    "{%- else -%}{%- set open.messages = open.messages + [message] -%}{%- endif -%}" +
    "{%- endfor -%}" +
    "{%- if open.messages -%}{{- asked(open.messages, add_generation_prompt) -}}{%- endif -%}"
  );
}

/** Users' messages are lines, unless a request says what stands around them; what the assistant writes follows, calls in their tags, results in theirs. */
const XML_TEMPLATE =
  "{%- for message in messages -%}" +
  `{%- if message.role == 'assistant' -%}${XML_REPLY}` +
  `{%- elif message.role == 'tool' -%}${XML_RESULT}` +
  "{%- elif message.role == 'user' -%}{{- question_open + message.content + question_close -}}" +
  "{%- else -%}{{- message.content + '\n' -}}{%- endif -%}" +
  "{%- endfor -%}";
