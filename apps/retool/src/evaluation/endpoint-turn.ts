import { extractHermesCalls, type CallRequest, type Dialect, type StopReason } from "@retool-ts/rollout";
import type { Completion, WireCall, WireMessage } from "./endpoint-model.js";

/** A call to run, and how the conversation names it. */
export interface AskedCall {
  readonly wire: WireCall;
  readonly request: CallRequest;
}

/** A reply of a model, read. */
export interface EndpointTurn {
  /** All that it wrote, reasoning and calls included, as one text. */
  readonly text: string;
  /** Where the turn ends the rollout. */
  readonly ended?: StopReason;
  readonly calls: readonly AskedCall[];
  /** The message that the conversation goes on with; calls that are not run are left out. */
  readonly message: (calls: readonly AskedCall[]) => WireMessage;
}

/**
 * Reads a reply by the rules of a dialect. Calls that the server did not find in the text are found here, as in training.
 *
 * @param turn - counts from 0; it names calls that have no id
 */
export function readCompletion({ choices }: Completion, dialect: Dialect, turn: number): EndpointTurn {
  const { message } = choices[0]!;
  const reasoning = message.reasoning_content ?? message.reasoning ?? "";
  const content = message.content ?? "";
  const wires = (message.tool_calls ?? []).map(({ id, function: { name, arguments: input } }, place) =>
    wireCall(id ?? `call_${turn}_${place}`, name, typeof input === "object" ? JSON.stringify(input ?? {}) : (input ?? "{}")),
  );
  const said = [...(content === "" ? [] : [content]), ...wires.map(blockOf)].join("\n");
  const text = reasoning === "" ? said : `<think>\n${reasoning}\n</think>\n\n${said}`;
  const action = dialect.parseTurn(said);
  const messageOf = (shown: string) => (calls: readonly AskedCall[]) => ({
    role: "assistant",
    content: shown === "" ? null : shown,
    tool_calls: calls.map(({ wire }) => wire),
  });
  switch (action.kind) {
    case "answer":
    case "none":
    case "malformed": {
      const ended = ({ answer: "answered", none: "eos", malformed: "parseError" } as const)[action.kind];
      return { text, ended, calls: [], message: messageOf(content) };
    }
    case "call": {
      // tags stay in the text, where the server's own model reads them
      const wire = wireCall(`call_${turn}_0`, action.tool, JSON.stringify(action.input));
      return { text, calls: [{ wire, request: action }], message: () => ({ role: "assistant", content }) };
    }
    case "calls": {
      const found = extractHermesCalls(content);
      const written = found.calls.map(({ name, arguments: input }, place) =>
        wireCall(`call_${turn}_${place}`, name, JSON.stringify(input)),
      );
      const named = [...written, ...wires.filter((wire) => dialect.parseTurn(blockOf(wire)).kind === "calls")];
      const calls = action.calls.map((request, place) => ({ wire: named[place]!, request }));
      return { text, calls, message: messageOf(written.length === 0 ? content : found.content.trimEnd()) };
    }
  }
}

function wireCall(id: string, name: string, input: string): WireCall {
  return { id, type: "function", function: { name, arguments: input === "" ? "{}" : input } };
}

/** A call as the Hermes dialect writes it; the arguments stay in the model's own bytes. */
function blockOf({ function: { name, arguments: input } }: WireCall): string {
  return `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${input}}\n</tool_call>`;
}
