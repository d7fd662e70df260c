import type { ToolSchema } from "@retool-ts/data";
import { HttpFault } from "@retool-ts/http";
import { z } from "zod";
import { ApiMessage } from "./chat-message.js";

const count = z.int().positive();
const word = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
/** Choices of one request. */
const choices = z.int().min(1).max(128);
const StopText = z.string().min(1).max(1_000);
const Stop = z.union([StopText, z.array(StopText).max(16)]).nullish();
const StreamOptions = z.looseObject({ include_usage: z.boolean().nullish() }).nullish();

const Shared = {
  model: z.string().nullish(),
  n: choices.nullish(),
  seed: z.int().nullish(),
  temperature: z.number().min(0).max(10).nullish(),
  top_p: z.number().positive().max(1).nullish(),
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  max_tokens: count.nullish(),
  stop: Stop,
  stream: z.boolean().nullish(),
  stream_options: StreamOptions,
  return_token_ids: z.boolean().nullish(),
};

const Tool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().min(1),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

const ToolChoice = z.union([
  z.enum(["auto", "none", "required"]),
  z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
]);

/** Fields of `/v1/chat/completions` that are heeded. */
export const ChatRequest = z.looseObject({
  ...Shared,
  messages: z.array(ApiMessage).min(1),
  tools: z.array(Tool).nullish(),
  tool_choice: ToolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  max_completion_tokens: count.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
  /** Two words that name the random numbers, in place of a seed: those of `streamKey`. */
  noise_key: z.tuple([word, word]).nullish(),
  /** The conversation up to the end of its last reply, as it was sampled: what an earlier answer gave as `prompt_token_ids` and `token_ids`. */
  prefix_token_ids: z.array(z.int().min(0)).min(1).nullish(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

/** Fields of a chat request that are this server's own; its list of models names them. */
export const CHAT_EXTENSIONS = ["noise_key", "prefix_token_ids"] as const;

/** Fields of `/v1/completions` that are heeded. */
export const CompletionRequest = z.looseObject({
  ...Shared,
  prompt: z.union([
    z.string(),
    z.array(z.string()).min(1).max(64),
    z.array(z.int().min(0)).min(1),
    z
      .array(z.array(z.int().min(0)).min(1))
      .min(1)
      .max(64),
  ]),
  logprobs: z.int().min(0).max(20).nullish(),
  echo: z.literal(false).nullish(),
});
export type CompletionRequest = z.infer<typeof CompletionRequest>;

/** Fields that would change the result, and the values of them that do not. */
const REFUSED: Readonly<Record<string, (value: unknown) => boolean>> = {
  response_format: (value) => (value as { type?: unknown }).type === "text",
  frequency_penalty: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  repetition_penalty: (value) => value === 1,
  logit_bias: (value) => Object.keys(value as object).length === 0,
  functions: () => false,
  function_call: () => false,
  best_of: (value) => value === 1,
  suffix: (value) => value === "",
  echo: (value) => value === false,
  audio: () => false,
  modalities: (value) => JSON.stringify(value) === '["text"]',
  prediction: () => false,
  web_search_options: () => false,
  min_tokens: (value) => value === 0,
  use_beam_search: (value) => value === false,
  guided_json: () => false,
  guided_regex: () => false,
  guided_choice: () => false,
  guided_grammar: () => false,
  reasoning_effort: () => false,
};

/**
 * A request's body as a schema has it.
 *
 * @throws HttpFault that names the first field that is wrong, or that is not served here and would change the result.
 */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw invalid("the body must be a JSON object", undefined);
  for (const [field, isHarmless] of Object.entries(REFUSED)) {
    const value = (body as Record<string, unknown>)[field];
    if (value == null || isHarmless(value)) continue;
    const message = field === "response_format" ? formatRefusal(value) : `${field} is not supported: this server would answer as if it were not there`; // prettier-ignore
    throw new HttpFault(400, message, { param: field, code: "unsupported_parameter" });
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = deepest(parsed.error.issues[0]!);
  const param = issue.path.reduce<string>(
    (path, key) => (typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`),
    "",
  );
  throw invalid(`${param === "" ? "body" : param}: ${issue.message}`, param);
}

function formatRefusal(format: unknown): string {
  const type = String((format as { readonly type?: unknown }).type ?? format).slice(0, 40);
  return `response_format: expected {"type": "text"}, found type ${JSON.stringify(type)}: replies are not held to a format here; say it in a message, or take arguments of a tool (tool_choice)`;
}

/** Of the members of a union, the one that came furthest says most. */
function deepest(issue: z.core.$ZodIssue): { readonly path: readonly PropertyKey[]; readonly message: string } {
  if (issue.code !== "invalid_union") return issue;
  if ("options" in issue && Array.isArray(issue.options))
    return { path: issue.path, message: `expected one of ${issue.options.join(", ")}` };
  const inner = issue.errors.flat().map((each) => deepest(each));
  const best = inner.toSorted((a, b) => b.path.length - a.path.length)[0];
  if (best === undefined || best.path.length === 0) return { path: issue.path, message: "expected another value" };
  return { path: [...issue.path, ...best.path], message: best.message };
}

function invalid(message: string, param: string | undefined): HttpFault {
  return new HttpFault(400, message.slice(0, 500), { ...(param !== undefined && param !== "" && { param }), code: "invalid_value" });
}

/** Tools as templates list them. */
export function toolSchemasOf({ tools }: Pick<ChatRequest, "tools">): ToolSchema[] {
  return (tools ?? []).map(({ function: { name, description, parameters } }) => ({
    type: "function",
    function: { name, ...(description != null && { description }), ...(parameters != null && { parameters }) },
  }));
}

/** Stop strings as a list. */
export function stopsOf({ stop }: Pick<ChatRequest, "stop">): readonly string[] {
  return stop == null ? [] : typeof stop === "string" ? [stop] : stop;
}
