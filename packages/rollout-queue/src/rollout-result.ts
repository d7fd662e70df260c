import { deflateRawSync, inflateRawSync } from "node:zlib";
import { RetoolError } from "@retool-ts/core";
import { createTrajectory, STOP_REASONS, type ToolStatus, type Trajectory } from "@retool-ts/rollout";
import { z } from "zod";

const STATUSES = ["ok", "error", "fuel", "timeout", "oom", "stack", "output", "killed", "infra"] as const satisfies readonly ToolStatus[];
const whole = z.number().int().min(0);

const Result = z.strictObject({
  problemId: z.string(),
  sampleIndex: whole,
  tokenIds: z.base64(),
  lossMask: z.base64(),
  logProbs: z.base64(),
  promptLength: whole,
  segments: z.array(z.strictObject({ kind: z.enum(["prompt", "model", "tool"]), start: whole, end: whole, text: z.string() })),
  toolCalls: z.array(
    z.strictObject({
      tool: z.string(),
      input: z.string(),
      result: z.string(),
      status: z.enum(STATUSES),
      durationMs: z.number(),
      fuel: z.number(),
      start: whole,
    }),
  ),
  stopReason: z.enum(STOP_REASONS),
  turns: whole,
});

/** Longest text of a result: a rollout of a million tokens has about a tenth of it. */
const MOST_BYTES = 256 * 2 ** 20;

/** A rollout as text, to the bit: about four bytes a token. */
export function encodeTrajectory({ tokenIds, lossMask, logProbs, ...rest }: Trajectory): string {
  const arrays = { tokenIds: base64Of(tokenIds), lossMask: base64Of(lossMask), logProbs: base64Of(logProbs) };
  return deflateRawSync(JSON.stringify({ ...rest, ...arrays })).toString("base64");
}

/** @throws RetoolError when the text is no rollout, or one that contradicts itself. */
export function decodeTrajectory(text: string): Trajectory {
  let result: z.infer<typeof Result>;
  try {
    const bytes = inflateRawSync(Buffer.from(text, "base64"), { maxOutputLength: MOST_BYTES });
    result = Result.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    throw new RetoolError("ROLLOUT_RESULT", "rollout result: a text that is no rollout; are trainer and worker of one version?", { cause });
  }
  const { tokenIds, lossMask, logProbs, ...rest } = result;
  return createTrajectory({
    ...rest,
    tokenIds: new Int32Array(bytesOf(tokenIds)),
    lossMask: new Uint8Array(bytesOf(lossMask)),
    logProbs: new Float32Array(bytesOf(logProbs)),
  });
}

function base64Of({ buffer, byteOffset, byteLength }: Int32Array | Uint8Array | Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** A buffer of its own, which begins where its numbers do. */
function bytesOf(text: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(text, "base64")).buffer;
}
