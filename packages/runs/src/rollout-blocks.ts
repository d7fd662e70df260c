import type { ToolStatus } from "@retool-ts/rollout";
import type { TrajectoryRecord } from "./trajectory-record.js";

/** Speaker of a stretch of a rollout, and the end that it serves. */
export type BlockKind = "prompt" | "reasoning" | "code" | "output" | "answer";

/** A stretch of a rollout as a person reads it, without the dialect's tags. The text is hostile. */
export interface Block {
  readonly kind: BlockKind;
  readonly text: string;
  /** Of an output: how the call ended. */
  readonly status?: ToolStatus;
  /** True for the output of a call that ended the rollout before the policy could read it. */
  readonly isUnread?: true;
}

const MODEL_BLOCK = /<(code|tool_call|answer)>([^]*?)(?:<\/\1>|$)/g;

/** Control tokens at the end of a turn, which say no more than that it ended. */
const TURN_END = /(?:<\|[\w-]+\|>\s*)+$/;

/** Splits a rollout into prompt, reasoning, code, output and answer, in order. Tokens that end a turn are left out. */
export function blocksOf({ segments, toolCalls }: Pick<TrajectoryRecord, "segments" | "toolCalls">): Block[] {
  const blocks: Block[] = [];
  let calls = 0;
  for (const { kind, text } of segments) {
    switch (kind) {
      case "prompt":
        blocks.push({ kind, text: text.trim() });
        break;
      case "model":
        blocks.push(...modelBlocks(text.replace(TURN_END, "")));
        break;
      case "tool":
        blocks.push({ kind: "output", text: withoutTags(text), ...statusOf(toolCalls[calls++]?.status) });
    }
  }
  for (const { result, status } of toolCalls.slice(calls)) blocks.push({ kind: "output", text: result.trim(), status, isUnread: true });
  return blocks;
}

function modelBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  const addReasoning = (part: string) => {
    if (part.trim() !== "") blocks.push({ kind: "reasoning", text: part.trim() });
  };
  let end = 0;
  for (const match of text.matchAll(MODEL_BLOCK)) {
    addReasoning(text.slice(end, match.index));
    blocks.push({ kind: match[1] === "answer" ? "answer" : "code", text: match[2]!.trim() });
    end = match.index + match[0].length;
  }
  addReasoning(text.slice(end));
  return blocks;
}

function withoutTags(text: string): string {
  return text
    .trim()
    .replace(/^<(interpreter|tool_response)>/, "")
    .replace(/<\/(interpreter|tool_response)>$/, "")
    .trim();
}

function statusOf(status: ToolStatus | undefined): { readonly status?: ToolStatus } {
  return status === undefined ? {} : { status };
}
