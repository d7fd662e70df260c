import {
  decodeForwardBackwardOutput,
  decodeSampleResponse,
  encodeForwardBackwardRequest,
  type ForwardBackwardOutput,
  type ForwardBackwardRequest,
  PROTOBUF,
  type SampleResponse,
} from "@retool-ts/tinker/wire";

/** What a server said. */
export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

/** The Tinker API with nothing around it: what a test says is what is sent. */
export class TestClient {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.url = url;
    this.#headers = headers;
  }

  async post<T = Record<string, unknown>>(
    route: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<T>> {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(`${this.url}/api/v1/${route}`, {
      method: "POST",
      headers: { "content-type": isBytes ? PROTOBUF : "application/json", ...this.#headers, ...headers },
      body: isBytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as T, headers: response.headers };
  }

  async get<T = Record<string, unknown>>(route: string): Promise<Answer<T>> {
    const response = await fetch(`${this.url}/api/v1/${route}`, { headers: this.#headers });
    return { status: response.status, body: (await response.json()) as T, headers: response.headers };
  }

  /** Sends a request and returns its id; anything but 200 is an error. */
  async begin(route: string, body: unknown): Promise<string> {
    const answer = await this.post(route, body);
    if (answer.status !== 200) throw new Error(`${route}: ${answer.status} ${String(answer.body["detail"])}`);
    return answer.body["request_id"] as string;
  }

  /** The result of a request, as JSON. */
  async result<T = Record<string, unknown>>(id: string): Promise<T> {
    for (;;) {
      const { status, body } = await this.post<T>("retrieve_future", { request_id: id });
      if (status === 200) return body;
      if (status !== 408) throw new Error(`retrieve_future: ${status} ${JSON.stringify(body)}`);
    }
  }

  async call<T = Record<string, unknown>>(route: string, body: unknown): Promise<T> {
    return this.result<T>(await this.begin(route, body));
  }

  /** A session with one model. */
  async train(lora: Record<string, unknown> = {}): Promise<{ readonly session: string; readonly model: string }> {
    const session = (await this.post("create_session", { tags: [], sdk_version: "0.38.0" })).body["session_id"] as string;
    return { session, model: await this.model(session, 0, lora) };
  }

  async model(session: string, number: number, lora: Record<string, unknown> = {}): Promise<string> {
    const config = { rank: 4, seed: 1, ...lora };
    const made = await this.call("create_model", { session_id: session, model_seq_id: number, base_model: "tiny", lora_config: config });
    return made["model_id"] as string;
  }

  /** The same over protobuf, both ways. */
  async passInProtobuf(request: ForwardBackwardRequest): Promise<ForwardBackwardOutput> {
    return decodeForwardBackwardOutput(await this.bytes(await this.begin("forward_backward", encodeForwardBackwardRequest(request))));
  }

  async sampleInProtobuf(body: unknown): Promise<SampleResponse> {
    return decodeSampleResponse(await this.bytes(await this.begin("asample", body)));
  }

  async bytes(id: string): Promise<Uint8Array> {
    const response = await fetch(`${this.url}/api/v1/retrieve_future`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: PROTOBUF, ...this.#headers },
      body: JSON.stringify({ request_id: id }),
    });
    if (response.headers.get("content-type") !== PROTOBUF) throw new Error(`${response.status} ${await response.text()}`);
    return new Uint8Array(await response.arrayBuffer());
  }
}

/** A datum for cross-entropy: the first `prompt` tokens teach nothing. */
export function datum(ids: readonly number[], prompt = 1): Record<string, unknown> {
  const weights = ids.slice(1).map((_, i) => (i + 1 < prompt ? 0 : 1));
  return {
    model_input: { chunks: [{ type: "encoded_text", tokens: ids.slice(0, -1) }] },
    loss_fn_inputs: { target_tokens: { data: ids.slice(1), dtype: "int64" }, weights: { data: weights, dtype: "float32" } },
  };
}

/** Body of a forward_backward. */
export function pass(
  model: string,
  seq: number | undefined,
  data: readonly unknown[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    model_id: model,
    ...(seq !== undefined && { seq_id: seq }),
    forward_backward_input: { data, loss_fn: "cross_entropy", ...more },
  };
}

/** Body of an optim_step. */
export function step(model: string, seq: number | undefined, adam: Record<string, unknown> = {}): Record<string, unknown> {
  return { model_id: model, ...(seq !== undefined && { seq_id: seq }), adam_params: { learning_rate: 0.01, ...adam } };
}

/** Log-probabilities of a pass's datums. */
export function logProbsOf({ loss_fn_outputs: outputs }: ForwardBackwardOutput): number[][] {
  return outputs.map((output) => Array.from(output["logprobs"]!.data));
}
