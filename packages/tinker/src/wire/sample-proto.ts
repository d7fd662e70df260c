import { allBytes, bytesOf, numberOf, readFields } from "./proto-reader.js";
import { ProtoWriter } from "./proto-writer.js";
import type { SampledSequence, SampleResponse, TopLogProbs } from "./sample.js";
import { tensorBytes, tensorNumbers } from "./tensor-data.js";
import { WireError } from "./wire-error.js";

const EMPTY = new Uint8Array();
/** Log-probability of a place in the table that no token has. */
const VACANT = -99999;

/** Bytes of the result of `asample`. */
export function encodeSampleResponse({ sequences, prompt_logprobs, topk_prompt_logprobs }: SampleResponse): Uint8Array {
  const writer = new ProtoWriter();
  for (const { stop_reason, tokens, logprobs } of sequences) {
    writer.message(1, (sequence) => {
      sequence.int(1, stop_reason === "length" ? 1 : 0).blob(2, tensorBytes(tokens, "int32"));
      if (logprobs) sequence.blob(3, tensorBytes(logprobs, "float32"));
    });
  }
  const known = prompt_logprobs?.map((logProb) => logProb ?? NaN);
  if (known) writer.blob(2, tensorBytes(known, "float32"));
  if (topk_prompt_logprobs) writer.message(3, (table) => writeTable(table, topk_prompt_logprobs));
  return writer.bytes();
}

function writeTable(writer: ProtoWriter, rows: readonly TopLogProbs[]): void {
  const width = Math.max(1, ...rows.map((row) => row?.length ?? 0));
  const cells = rows.flatMap((row) => Array.from({ length: width }, (_, k) => row?.[k] ?? ([0, VACANT] as const)));
  const ids = cells.map(([tokenId]) => tokenId);
  const logProbs = cells.map(([, logProb]) => logProb);
  writer.blob(1, tensorBytes(ids, "int32")).blob(2, tensorBytes(logProbs, "float32")).int(3, width).int(4, rows.length);
}

/** Reads what {@link encodeSampleResponse} and servers write. */
export function decodeSampleResponse(bytes: Uint8Array): SampleResponse {
  const fields = readFields(bytes);
  const prompt = bytesOf(fields, 2);
  const table = bytesOf(fields, 3);
  return {
    type: "sample",
    sequences: allBytes(fields, 1).map(readSequence),
    prompt_logprobs:
      prompt === undefined ? null : Array.from(tensorNumbers(prompt, "float32"), (logProb) => (Number.isNaN(logProb) ? null : logProb)),
    topk_prompt_logprobs: table === undefined ? null : readTable(table),
  };
}

function readSequence(bytes: Uint8Array): SampledSequence {
  const fields = readFields(bytes);
  const reason = numberOf(fields, 1);
  if (reason !== 0 && reason !== 1) throw new WireError(`a sequence stopped for the unknown reason ${reason}`);
  const tokens = tensorNumbers(bytesOf(fields, 2) ?? EMPTY, "int32");
  const logprobs = bytesOf(fields, 3);
  return {
    stop_reason: reason === 1 ? "length" : "stop",
    tokens,
    logprobs: logprobs === undefined ? null : tensorNumbers(logprobs, "float32"),
  };
}

function readTable(bytes: Uint8Array): TopLogProbs[] {
  const fields = readFields(bytes);
  const ids = tensorNumbers(bytesOf(fields, 1) ?? EMPTY, "int32");
  const logProbs = tensorNumbers(bytesOf(fields, 2) ?? EMPTY, "float32");
  const [width, length] = [numberOf(fields, 3), numberOf(fields, 4)];
  if (ids.length !== width * length || logProbs.length !== ids.length || (width < 1 && length !== 0)) {
    throw new WireError(`a table of ${length} × ${width} has ${ids.length} ids and ${logProbs.length} log-probabilities`);
  }
  return Array.from({ length }, (_, row) => {
    const cells = Array.from({ length: width }, (_, k) => [ids[row * width + k]!, logProbs[row * width + k]!] as const);
    const taken = cells.filter(([, logProb]) => logProb !== VACANT);
    return taken.length === 0 ? null : taken;
  });
}
