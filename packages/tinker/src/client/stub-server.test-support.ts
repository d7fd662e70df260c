import { encodeForwardBackwardOutput } from "../wire/forward-backward-output-proto.js";
import { decodeForwardBackwardRequest } from "../wire/forward-backward-request-proto.js";
import type { ForwardBackwardOutput, ForwardBackwardRequest } from "../wire/forward-backward.js";
import { encodeSampleResponse } from "../wire/sample-proto.js";
import type { SampleRequest, SampleResponse } from "../wire/sample.js";
import type { ToyModel } from "../engine/toy-model.test-support.js";
import { ManualTimer } from "./manual-timer.test-support.js";
import { TinkerClient, type TinkerClientOptions } from "./tinker-client.js";

/** A request as it came. */
export interface Seen {
  readonly method: string;
  /** Without the path of the API. */
  readonly route: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

/** An answer, or what happens in its place. */
export type Reply =
  | { readonly status?: number; readonly json?: unknown; readonly proto?: Uint8Array; readonly headers?: Readonly<Record<string, string>> }
  | "cut"
  | "no answer"
  | "endless body";

type Handler = (seen: Seen) => Reply | undefined;

/**
 * A server in this process: one that does everything right, at which faults are thrown by route. Its "model" has the log-probability −t/100 for
 * target t, whatever was learned.
 */
export class StubServer {
  readonly timer = new ManualTimer();
  readonly seen: Seen[] = [];
  /** Replies that come before the server's own, in their order. */
  readonly #planned = new Map<string, (Reply | Handler)[]>();
  readonly #results = new Map<string, Reply>();
  #futures = 0;
  /** False: answers 415 to protobuf. */
  takesProtobuf = true;
  takesJson = true;
  cancels = true;
  /** Computes, in place of made-up numbers. */
  model: ToyModel | undefined;
  /** Draws the tokens of a request for samples; default: 7, then the end token 2. */
  draw: ((request: SampleRequest) => SampleResponse["sequences"][number]) | undefined;

  /** The next requests of a route get these. */
  plan(route: string, ...replies: (Reply | Handler)[]): this {
    this.#planned.set(route, [...(this.#planned.get(route) ?? []), ...replies]);
    return this;
  }

  of(route: string): Seen[] {
    return this.seen.filter((seen) => seen.route === route);
  }

  connect(options: Partial<TinkerClientOptions> = {}): Promise<TinkerClient> {
    let keys = 0;
    const settings = {
      baseUrl: "http://stub/",
      timer: this.timer,
      random: () => 0.5,
      newKey: () => `key-${keys++}`,
      fetch: this.fetch,
      ...options,
    };
    return this.timer.settle(TinkerClient.connect(settings));
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname, search } = new URL(url);
    const headers = init.headers as Record<string, string>;
    const isProto = headers["content-type"] === "application/x-protobuf";
    const body = isProto ? decodeForwardBackwardRequest(init.body as Uint8Array) : JSON.parse((init.body as string | undefined) ?? "{}");
    const route = pathname.replace("/api/v1/", "");
    const seen: Seen = { method: init.method!, route, query: search, headers, body: body as Record<string, unknown> };
    this.seen.push(seen);
    const planned = this.#planned.get(route)?.shift();
    const own = typeof planned === "function" ? planned(seen) : planned;
    return respond(own ?? this.#answer(seen, isProto), init.signal!);
  };

  /** What a future becomes. */
  future(result: Reply): Reply {
    const id = `future-${++this.#futures}`;
    this.#results.set(id, result);
    return { json: { request_id: id, future_id: id, status: "pending" } };
  }

  /** A request that the model refuses is refused with 422. */
  #computed(work: () => Reply): Reply {
    try {
      return this.future(work());
    } catch (error) {
      return { status: 422, json: { detail: (error as Error).message } };
    }
  }

  #answer({ method, route, body }: Seen, isProto: boolean): Reply {
    if (method === "DELETE") return { json: {} };
    switch (route) {
      case "get_server_capabilities":
        return { json: { supported_models: [{ model_name: "tiny" }] } };
      case "create_session":
        return { json: { session_id: "session-1" } };
      case "create_model":
        return this.future({ json: { model_id: `model-${String(body["model_seq_id"])}`, lora_config: body["lora_config"] } });
      case "forward_backward":
      case "forward":
        if (isProto ? !this.takesProtobuf : !this.takesJson) return { status: 415, json: { detail: "unsupported media type" } };
        return this.#computed(() => passResult(body, isProto, route === "forward", this.model));
      case "asample":
        return this.future({ proto: encodeSampleResponse(sampleOf(body as unknown as SampleRequest, this.draw)) });
      case "optim_step":
        return this.#computed(() => ({
          json: { metrics: this.model?.step(body["adam_params"] as { learning_rate: number }) ?? { grad_norm: 1.5 } },
        }));
      case "save_weights":
        return this.future({ json: { path: `tinker://${String(body["model_id"])}/weights/${String(body["path"])}` } });
      case "save_weights_for_sampler":
        return this.future({ json: { path: `tinker://${String(body["model_id"])}/sampler_weights/${String(body["path"])}` } });
      case "load_weights":
        return this.future({ json: { path: body["path"] } });
      case "unload_model":
        return this.future({ json: {} });
      case "create_sampling_session":
        return { json: { sampling_session_id: `sampler-${String(body["sampling_session_seq_id"])}` } };
      case "session_heartbeat":
        return { json: {} };
      case "cancel_future":
        return this.cancels ? { json: { type: "cancel_future" } } : { status: 404, json: { detail: "Not Found" } };
      case "retrieve_future":
        return this.#results.get(String(body["request_id"])) ?? { status: 404, json: { detail: "Future not found" } };
      default:
        return { status: 404, json: { detail: "Not Found" } };
    }
  }
}

function passResult(body: Record<string, unknown>, isProto: boolean, isForwardRoute: boolean, model?: ToyModel): Reply {
  const input = (body["forward_backward_input"] ?? body["forward_input"]) as ForwardBackwardRequest["forward_backward_input"];
  const output = model?.pass(input.data, input.loss_fn, input.loss_fn_config ?? {}, isForwardRoute || body["forward_only"] === true);
  const made: ForwardBackwardOutput = output ?? {
    loss_fn_output_type: "scalar",
    loss_fn_outputs: input.data.map(({ loss_fn_inputs: { target_tokens: targets } }) => ({
      logprobs: { data: Array.from(targets!.data, (id) => -id / 100), dtype: "float32" as const },
    })),
    metrics: {},
  };
  return isProto ? { proto: encodeForwardBackwardOutput(made) } : { json: made };
}

function sampleOf(request: SampleRequest, draw: StubServer["draw"] = drawn): SampleResponse {
  const { num_samples: count = 1, prompt, prompt_logprobs: wantsPrompt } = request;
  const ids = prompt.chunks.flatMap(({ tokens }) => Array.from(tokens));
  const sequences = Array.from({ length: count }, () => draw(request));
  return { sequences, prompt_logprobs: wantsPrompt ? ids.map((id, i) => (i === 0 ? null : -id / 100)) : null };
}

function drawn(): SampleResponse["sequences"][number] {
  return { stop_reason: "stop", tokens: [7, 2], logprobs: [-0.5, -0.25] };
}

/** A response without streams, so that nothing but promises is waited for. */
function respond(reply: Reply, signal: AbortSignal): Promise<Response> {
  const never = () =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  if (reply === "cut") return Promise.reject(new TypeError("fetch failed", { cause: new Error("read ECONNRESET") }));
  if (reply === "no answer") return never();
  if (reply === "endless body") return Promise.resolve(response(200, {}, never));
  const { status = 200, json, proto, headers = {} } = reply;
  const bytes = proto ?? new TextEncoder().encode(JSON.stringify(json));
  const type = proto ? "application/x-protobuf" : "application/json";
  return Promise.resolve(response(status, { "content-type": type, ...headers }, async () => bytes.slice().buffer));
}

function response(status: number, headers: Readonly<Record<string, string>>, arrayBuffer: () => Promise<ArrayBuffer>): Response {
  const parts = { status, ok: status >= 200 && status < 300, headers: new Headers(headers), arrayBuffer };
  return parts as Response;
}
