import type { JournalCall, JournalKey, JournalTokens, TurnPlace } from "@retool-ts/rollout";
import { z } from "zod";
import { crc32c } from "../tensorboard/crc32c.js";

const Key = { problemId: z.string(), sampleIndex: z.int().min(0) };

/** A line of a journal: its head, tokens of a turn, or the result of a call. */
const JournalLine = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("head"),
    /** Digest of all that decides the rollouts. */
    identity: z.string(),
  }),
  z.strictObject({
    kind: z.literal("tokens"),
    ...Key,
    turn: z.int().min(0),
    position: z.int().min(0),
    digest: z.int().min(0),
    from: z.int().min(0),
    /** 32-bit integers and floats, little-endian, as base64. */
    tokenIds: z.base64(),
    logProbs: z.base64(),
    end: z.strictObject({ finish: z.enum(["stop", "length", "full", "aborted"]), stopString: z.string().exactOptional() }).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("call"),
    ...Key,
    callIndex: z.int().min(0),
    tool: z.string(),
    input: z.string(),
    outcome: z.strictObject({
      text: z.string(),
      status: z.enum(["ok", "error", "fuel", "timeout", "oom", "stack", "output", "killed", "infra"]),
      fuel: z.number().exactOptional(),
    }),
  }),
]);
/** Parsed {@link JournalLine}. */
export type JournalLine = z.infer<typeof JournalLine>;

/** A line with the checksum of its text in front. */
export function encodeLine(line: JournalLine): string {
  const text = JSON.stringify(line);
  return `${checksum(text)} ${text}\n`;
}

/** @returns undefined when it is not what was written. */
export function decodeLine(line: string): JournalLine | undefined {
  const text = line.slice(9);
  if (text === "" || line.slice(0, 8) !== checksum(text)) return undefined;
  return JournalLine.safeParse(JSON.parse(text)).data;
}

export function tokensLine(key: JournalKey, place: TurnPlace, from: number, { tokenIds, logProbs, end }: JournalTokens): JournalLine {
  return {
    kind: "tokens",
    problemId: key.problemId,
    sampleIndex: key.sampleIndex,
    ...place,
    from,
    tokenIds: base64(Int32Array.from(tokenIds)),
    logProbs: base64(Float32Array.from(logProbs)),
    ...(end && { end }),
  };
}

export function callLine({ problemId, sampleIndex }: JournalKey, call: JournalCall): JournalLine {
  return { kind: "call", problemId, sampleIndex, ...call };
}

/** The tokens of a line. */
export function tokensOf({ tokenIds, logProbs, end }: Extract<JournalLine, { kind: "tokens" }>): JournalTokens {
  return {
    tokenIds: Array.from(new Int32Array(bytesOf(tokenIds))),
    logProbs: Array.from(new Float32Array(bytesOf(logProbs))),
    ...(end && { end }),
  };
}

function checksum(text: string): string {
  return crc32c(Buffer.from(text)).toString(16).padStart(8, "0");
}

function base64({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** Bytes in memory of their own, and so aligned. */
function bytesOf(text: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(text, "base64")).buffer;
}
