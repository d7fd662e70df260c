import fc from "fast-check";
import { expect, test } from "vitest";
import type { ForwardBackwardOutput, ForwardBackwardRequest } from "./forward-backward.js";
import { decodeForwardBackwardOutput, encodeForwardBackwardOutput } from "./forward-backward-output-proto.js";
import { decodeForwardBackwardRequest, encodeForwardBackwardRequest } from "./forward-backward-request-proto.js";
import { jsonBody } from "./json-body.js";
import { ProtoWriter } from "./proto-writer.js";
import type { SampleResponse } from "./sample.js";
import { decodeSampleResponse, encodeSampleResponse } from "./sample-proto.js";
import { tensorBytes } from "./tensor-data.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** A message as JSON, so that typed and plain arrays compare. */
const plain = (message: unknown): unknown => JSON.parse(jsonBody(message));

const REQUEST: ForwardBackwardRequest = {
  model_id: "m",
  seq_id: 2,
  forward_only: true,
  forward_backward_input: {
    data: [
      {
        model_input: { chunks: [{ type: "encoded_text", tokens: [1, 258] }] },
        loss_fn_inputs: { target_tokens: { data: [258, 3], dtype: "int64", shape: [2] } },
      },
    ],
    loss_fn: "ppo",
    loss_fn_config: { clip: 1.28 },
  },
};

test("a request has the bytes that its descriptors say", () => {
  const expected = [
    "0a016d", // 1: "m"
    "1002", // 2: 2
    "1a38", // 3, 56 bytes: datum
    "0a0c0a0a0a080100000002010000", // 1: chunk { 1: text { 1: two int32 } }
    "1228", // 2, 40 bytes: an entry of the map
    "0a0d7461726765745f746f6b656e73", // 1: "target_tokens"
    "1217" + "0a10" + "0201000000000000" + "0300000000000000" + "1802" + "220102", // 2: tensor { 1: two int64, 3: INT64, 4: [2] }
    "220370706f", // 4: "ppo"
    "2a0f" + "0a04636c6970" + "117b14ae47e17af43f", // 5: "clip" → 1.28
    "3001", // 6: true
  ];
  expect(hex(encodeForwardBackwardRequest(REQUEST))).toBe(expected.join(""));
  expect(plain(decodeForwardBackwardRequest(encodeForwardBackwardRequest(REQUEST)))).toEqual(REQUEST);
});

test("settings that are text go in the newer field, with the numbers", () => {
  const input = { ...REQUEST.forward_backward_input, loss_fn_config: { beta: 0.5, kind: "hard" } };
  const decoded = decodeForwardBackwardRequest(encodeForwardBackwardRequest({ ...REQUEST, forward_backward_input: input }));
  expect(decoded.forward_backward_input.loss_fn_config).toEqual({ beta: 0.5, kind: "hard" });
});

test("sparse tensors come back", () => {
  const sparse = { data: [0.5], dtype: "float32", shape: [1, 4], sparse_crow_indices: [0, 1], sparse_col_indices: [2] } as const;
  const datum = { model_input: { chunks: [] }, loss_fn_inputs: { weights: sparse } };
  const request = { ...REQUEST, forward_backward_input: { ...REQUEST.forward_backward_input, data: [datum] } };
  expect(plain(decodeForwardBackwardRequest(encodeForwardBackwardRequest(request)))).toEqual(request);
});

test("a chunk that is no text and a tensor of an unknown type are refused", () => {
  const image = new ProtoWriter().message(3, (datum) => void datum.message(1, (chunk) => void chunk.blob(2, new Uint8Array(3))));
  expect(() => decodeForwardBackwardRequest(image.bytes())).toThrow(/no text/);
  const odd = new ProtoWriter().message(3, (datum) => {
    datum.message(2, (entry) => void entry.string(1, "weights").message(2, (tensor) => void tensor.int(3, 9)));
  });
  expect(() => decodeForwardBackwardRequest(odd.bytes())).toThrow(/unknown type 9/);
});

test("an output joins the tensors of a name, and offsets are bytes", () => {
  const output: ForwardBackwardOutput = {
    loss_fn_output_type: "scalar",
    loss_fn_outputs: [
      { logprobs: { data: [-1], dtype: "float32", shape: [1] } },
      { logprobs: { data: [-2, 0.5], dtype: "float32", shape: [2] } },
    ],
    metrics: { "loss:sum": 0.5 },
  };
  const expected = [
    "0a067363616c6172", // 1: "scalar"
    "123a", // 2, 58 bytes: a record
    "1236", // 2, 54 bytes: an entry of the map
    "0a086c6f6770726f6273", // 1: "logprobs"
    "122a", // 2, 42 bytes: batched tensor
    "0a0c" + "000080bf" + "000000c0" + "0000003f", // 1: three float32
    "1218" + "0000000000000000" + "0400000000000000" + "0c00000000000000", // 2: offsets 0, 4, 12
    "1801", // 3: FLOAT32
    "1802", // 3: two datums
    "1a13" + "0a086c6f73733a73756d" + "11000000000000e03f", // 3: "loss:sum" → 0.5
  ];
  const bytes = encodeForwardBackwardOutput(output);
  expect(hex(bytes)).toBe(expected.join(""));
  expect(plain(decodeForwardBackwardOutput(bytes))).toEqual(output);
});

test("tensors of two axes keep their shape, and a batch without datums is empty", () => {
  const rows = { data: [1, 2, 3, 4], dtype: "int32", shape: [2, 2] } as const;
  const output = { loss_fn_output_type: "", loss_fn_outputs: [{ ids: rows }], metrics: {} };
  expect(plain(decodeForwardBackwardOutput(encodeForwardBackwardOutput(output)))).toEqual(output);
  const empty = { loss_fn_output_type: "scalar", loss_fn_outputs: [], metrics: {} };
  expect(decodeForwardBackwardOutput(encodeForwardBackwardOutput(empty))).toEqual(empty);
});

test("offsets that leave the data, and counts that no tensor bears out, are refused", () => {
  const record = (offsets: number[], count: number): Uint8Array =>
    new ProtoWriter()
      .message(2, (inner) => {
        inner.message(2, (entry) => {
          entry.string(1, "logprobs").message(2, (batched) => {
            batched
              .blob(1, tensorBytes([1, 2], "float32"))
              .blob(2, tensorBytes(offsets, "int64"))
              .int(3, 1);
          });
        });
        inner.int(3, count);
      })
      .bytes();
  expect(decodeForwardBackwardOutput(record([0, 4, 8], 2)).loss_fn_outputs).toHaveLength(2);
  expect(() => decodeForwardBackwardOutput(record([0, 4, 12], 2))).toThrow(/4 to 12 of 8/);
  expect(() => decodeForwardBackwardOutput(record([0, 8, 4], 2))).toThrow(/8 to 4/);
  expect(() => decodeForwardBackwardOutput(record([0, 4, 8], 1_000_000_000))).toThrow(/3 offsets/);
  const hollow = new ProtoWriter().message(2, (inner) => void inner.int(3, 1_000_000_000));
  expect(() => decodeForwardBackwardOutput(hollow.bytes())).toThrow(/no tensors/);
});

test("a sample has the bytes that its descriptors say", () => {
  const response: SampleResponse = {
    type: "sample",
    sequences: [
      { stop_reason: "length", tokens: [97], logprobs: [-0.5] },
      { stop_reason: "stop", tokens: [], logprobs: null },
    ],
    prompt_logprobs: [null, -1],
    topk_prompt_logprobs: [null, [[5, -1]]],
  };
  const expected = [
    "0a0e" + "0801" + "120461000000" + "1a04000000bf", // 1: { 1: LENGTH, 2: one int32, 3: one float32 }
    "0a02" + "1200", // 1: { 2: no tokens }
    "1208" + "0000c07f" + "000080bf", // 2: NaN, −1
    "1a18" + "0a080000000005000000" + "1208" + "804fc3c7" + "000080bf" + "1801" + "2002", // 3: ids, log-probabilities, 1, 2
  ];
  const bytes = encodeSampleResponse(response);
  expect(hex(bytes)).toBe(expected.join(""));
  expect(plain(decodeSampleResponse(bytes))).toEqual(response);
});

test("a table whose counts its numbers do not bear out, and an unknown reason, are refused", () => {
  const table = (width: number, length: number): Uint8Array =>
    new ProtoWriter()
      .message(3, (inner) => {
        inner.blob(1, tensorBytes([], "int32")).blob(2, tensorBytes([], "float32")).int(3, width).int(4, length);
      })
      .bytes();
  expect(() => decodeSampleResponse(table(1, 2))).toThrow(/2 × 1/);
  expect(() => decodeSampleResponse(table(0, 1_000_000_000))).toThrow(/× 0/);
  expect(() => decodeSampleResponse(new ProtoWriter().message(1, (inner) => void inner.int(1, 7)).bytes())).toThrow(/reason 7/);
});

test("bytes that are no message are refused by an error of the wire, or read as one", () => {
  const decoders = [decodeForwardBackwardRequest, decodeForwardBackwardOutput, decodeSampleResponse];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(...decoders), (bytes, decode) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: "WIRE" });
      }
    }),
    { numRuns: 2000 },
  );
});
