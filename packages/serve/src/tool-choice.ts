import type { TurnTokens } from "@retool-ts/engine";
import { HttpFault } from "@retool-ts/http";
import type { ChatFormat, ParsedReply } from "./chat-format.js";
import type { ChatRequest } from "./openai-requests.js";

/** A call that a request demands. */
export interface DemandedCall {
  /** Text that the reply is made to begin with. */
  readonly opening: string;
  /** Tools that may be called. */
  readonly names: readonly string[];
  /** Whether one call is all that is wanted. */
  readonly single: boolean;
}

/**
 * Looks at the tools of a request: a model that knows the calls of a few tools alone would not call others, or call what nobody offered.
 *
 * @throws HttpFault when the model can call none of them.
 */
export function checkCallable({ tools }: Pick<ChatFormat, "tools">, names: readonly string[]): void {
  if (tools === undefined || names.length === 0 || names.some((name) => tools.includes(name))) return;
  const offered = names.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 100)));
  const message = `tools: this model was trained with tags and can call ${tools.join(", ")} alone, found ${offered.join(", ")}: offer one that it can call, or leave tools out`; // prettier-ignore
  throw new HttpFault(400, message, { param: "tools", code: "unsupported_value" });
}

/**
 * What `tool_choice` demands; undefined where the model is free.
 *
 * @throws HttpFault when the model cannot be made to call such a tool.
 */
export function demandedCall(
  { tool_choice: choice }: Pick<ChatRequest, "tool_choice">,
  format: ChatFormat,
  names: readonly string[],
): DemandedCall | undefined {
  if (choice == null || choice === "auto" || choice === "none") return undefined;
  const name = typeof choice === "string" ? undefined : choice.function.name;
  const param = "tool_choice";
  if (names.length === 0) throw new HttpFault(400, "tool_choice: expected tools to choose from, found none", { param });
  if (name !== undefined && !names.includes(name))
    throw new HttpFault(400, `tool_choice: expected one of ${names.join(", ")}, found ${name}`, { param });
  const opening = format.opening(name ?? (names.length === 1 ? names[0] : undefined));
  if (opening !== undefined) return { opening, names: name === undefined ? names : [name], single: name !== undefined };
  const cannot =
    name === undefined
      ? "choose among these tools; name one"
      : `call ${name}: its calls begin with ${format.callOpenings.join(", ")} alone`;
  throw new HttpFault(400, `tool_choice: this model cannot be made to ${cannot}`, { param, code: "unsupported_value" });
}

/**
 * Looks at a reply that had to be a call. The beginning was forced; what follows is the model's own, and it may spoil it.
 *
 * @throws HttpFault with 422 when there is no call, or one of a tool that may not be called.
 */
export function checkDemanded({ names }: DemandedCall, { calls }: ParsedReply, { finish }: Pick<TurnTokens, "finish">): void {
  const param = "tool_choice";
  const wrong = calls.find(({ name }) => !names.includes(name));
  if (calls.length > 0 && wrong === undefined) return;
  if (wrong !== undefined) {
    const message = `tool_choice: the model called ${JSON.stringify(wrong.name.slice(0, 100))}, expected ${names.join(" or ")}`;
    throw new HttpFault(422, message, { param, code: "tool_call_failed" });
  }
  const isCut = finish === "length" || finish === "full";
  const found = isCut ? "its tokens ended within the call: allow more with max_tokens" : "the model wrote no call that can be read";
  throw new HttpFault(422, `tool_choice: ${found}`, { param, code: "tool_call_failed" });
}
