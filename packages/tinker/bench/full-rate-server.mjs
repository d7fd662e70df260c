// A Tinker server that computes nothing: every sample has as many tokens as a turn may have, every log-probability is -1, and all is there
// at once. Run by memory.mjs as a process of its own, so that what it holds is not the client's.
import { createServer } from "node:http";
import {
  API_PREFIX,
  decodeForwardBackwardRequest,
  encodeForwardBackwardOutput,
  encodeSampleResponse,
  PROTOBUF,
} from "../dist/wire/index.js";

const [turnTokens, vocabSize, stopId] = process.argv.slice(2).map(Number);
const futures = new Map();
let next = 0;
const samples = new Map();

/** Tokens of a turn, the last of which ends it. */
function sample(length) {
  if (!samples.has(length)) {
    const tokens = Int32Array.from({ length }, (_, i) => (i === length - 1 ? stopId : (i * 7919) % stopId));
    const sequences = [{ stop_reason: "stop", tokens, logprobs: new Float32Array(length).fill(-1) }];
    samples.set(length, encodeSampleResponse({ sequences }));
  }
  return samples.get(length);
}

const handlers = {
  get_server_capabilities: () => ({ supported_models: [{ model_name: "base" }] }),
  create_session: () => ({ session_id: "s", type: "create_session" }),
  session_heartbeat: () => ({ type: "session_heartbeat" }),
  create_sampling_session: () => ({ sampling_session_id: `w${next++}` }),
  create_model: () => later({ model_id: "m", lora_config: { rank: 8 } }),
  save_weights_for_sampler: ({ path }) => later({ path: `tinker://m/sampler_weights/${path}` }),
  optim_step: () => later({ metrics: { grad_norm: 1 } }),
  unload_model: () => later({ model_id: "m" }),
  asample: ({ sampling_params: { max_tokens: most } }) => later(sample(Math.min(most, turnTokens))),
  forward_backward(body) {
    const { data } = decodeForwardBackwardRequest(body).forward_backward_input;
    const lengths = data.map(({ loss_fn_inputs: { target_tokens: tokens } }) => tokens.data.length);
    const logprobs = (length) => ({ data: new Float32Array(length).fill(-1), dtype: "float32", shape: [length] });
    const outputs = lengths.map((length) => ({ logprobs: logprobs(length) }));
    return later(encodeForwardBackwardOutput({ loss_fn_output_type: "scalar", loss_fn_outputs: outputs, metrics: {} }));
  },
  retrieve_future({ request_id: id }) {
    const result = futures.get(id);
    futures.delete(id);
    return result;
  },
};

function later(result) {
  const id = String(next++);
  futures.set(id, result);
  return { request_id: id };
}

const server = createServer((request, response) => void answer(request, response));

async function answer(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const handler = handlers[new URL(request.url, "http://x").pathname.slice(API_PREFIX.length + 1)];
  const isBytes = request.headers["content-type"] === PROTOBUF;
  const result = handler?.(isBytes ? new Uint8Array(body) : body.length === 0 ? {} : JSON.parse(body.toString())) ?? {};
  const bytes = result instanceof Uint8Array;
  response.writeHead(200, { "content-type": bytes ? PROTOBUF : "application/json" });
  response.end(bytes ? result : JSON.stringify(result));
}
server.listen(0, "127.0.0.1", () => process.send(`http://127.0.0.1:${server.address().port}`));
process.on("disconnect", () => process.exit());
if (!(vocabSize > stopId)) throw new Error("full-rate-server: expected TURN_TOKENS VOCAB_SIZE STOP_ID");
