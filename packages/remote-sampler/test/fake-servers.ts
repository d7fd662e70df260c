import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Json = Record<string, unknown>;

/** What a fake server answers with; `cut` ends the connection without an answer. */
export type Reply = { readonly status?: number; readonly body: unknown } | "cut";

/** A server of a test: keeps what it was asked, and answers by a function. */
export class FakeServer {
  readonly asked: { readonly path: string; readonly body: Json }[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async open(reply: (path: string, body: Json, server: FakeServer) => Reply): Promise<FakeServer> {
    const opened: { fake?: FakeServer } = {};
    const server = createServer((request, response) => void read(request).then((body) => answer(opened.fake!, request, response, body)));
    const answer = (to: FakeServer, request: IncomingMessage, response: ServerResponse, body: Json) => {
      to.asked.push({ path: request.url!, body });
      const result = reply(request.url!, body, to);
      if (result === "cut") return void request.socket.destroy();
      response.writeHead(result.status ?? 200, { "content-type": "application/json" }).end(JSON.stringify(result.body));
    };
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (opened.fake = new FakeServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  }

  bodiesOf(path: string): Json[] {
    return this.asked.filter((one) => one.path === path).map(({ body }) => body);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function read(request: IncomingMessage): Promise<Json> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return (text === "" ? {} : JSON.parse(text)) as Json;
}

/** vLLM 0.32 as recorded: adapters by name, 404 for one that it has not, 400 for one that it has unless it is to be replaced. */
export function vllm(tokens: (body: Json) => readonly number[], adapters = new Map<string, string>()) {
  return (path: string, body: Json): Reply => {
    if (path === "/v1/models")
      return {
        body: {
          object: "list",
          data: [
            { id: "tiny", parent: null },
            { id: "old-lora", parent: "tiny" },
          ],
        },
      };
    const name = String(body["lora_name"]);
    if (path === "/v1/load_lora_adapter") {
      if (adapters.has(name) && body["load_inplace"] !== true)
        return { status: 400, body: { error: { message: `The lora adapter '${name}' has already been loaded.`, code: 400 } } };
      adapters.set(name, String(body["lora_path"]));
      return { body: `Success: LoRA adapter '${name}' added successfully.` };
    }
    if (path === "/v1/unload_lora_adapter") return adapters.delete(name) ? { body: "Success" } : { status: 404, body: {} };
    const model = String(body["model"]);
    if (model !== "tiny" && !adapters.has(model))
      return { status: 404, body: { error: { message: `The model \`${model}\` does not exist.`, type: "NotFoundError", code: 404 } } };
    const drawn = tokens(body);
    const stop = (body["stop_token_ids"] as number[]).includes(drawn.at(-1)!);
    const choice = {
      index: 0,
      text: "…",
      logprobs: { token_logprobs: drawn.map((id) => -id / 100), tokens: drawn.map(String) },
      finish_reason: stop ? "stop" : "length",
      token_ids: drawn,
    };
    return { body: { id: "cmpl-1", object: "text_completion", model, choices: [choice] } };
  };
}

/** SGLang by its documents: one set of weights, with a version that answers carry. */
export function sglang(tokens: (body: Json) => readonly number[]) {
  let version = "default";
  return (path: string, body: Json): Reply => {
    if (path === "/get_model_info") return { body: { model_path: "base", is_generation: true } };
    if (path === "/update_weights_from_disk") {
      version = String(body["weight_version"]);
      return { body: { success: true, message: "Succeeded to update model weights.", num_paused_requests: 0 } };
    }
    const drawn = tokens(body);
    const stops = (body["sampling_params"] as { readonly stop_token_ids: number[] }).stop_token_ids;
    const meta = {
      finish_reason: stops.includes(drawn.at(-1)!) ? { type: "stop", matched: drawn.at(-1) } : { type: "length", length: drawn.length },
      output_token_logprobs: drawn.map((id) => [-id / 100, id, null]),
      weight_version: version,
      completion_tokens: drawn.length,
    };
    return { body: { text: "…", meta_info: meta } };
  };
}

/** What a fake llama.cpp does, and is. */
export interface LlamaState {
  isSleeping: boolean;
  /** Contents of the adapter's file when it was last read. */
  adapter: string;
  /** Times that the files were read. */
  loads: number;
}

/**
 * llama.cpp's server as recorded (xllamacpp 2026.10.11549): it reads the adapter when it wakes up, ends at the model's own end token,
 * and tells no log-probability of `unfinished` ids, the middle of a character.
 */
export function llama(file: string, tokens: (body: Json) => readonly number[], unfinished: readonly number[] = []) {
  const state: LlamaState = { isSleeping: false, adapter: "", loads: 0 };
  const wake = () => {
    if (!state.isSleeping && state.loads > 0) return;
    state.isSleeping = false;
    state.adapter = readFileSync(file, "latin1");
    state.loads++;
  };
  const top = (n: number) => Array.from({ length: n }, (_, i) => ({ id: i, logprob: -i / 100, token: "…", bytes: [97] }));
  const reply = (path: string, body: Json): Reply => {
    if (path === "/props") return { body: { default_generation_settings: { n_ctx: 48 }, total_slots: 4, is_sleeping: state.isSleeping } };
    wake();
    if (path === "/lora-adapters") return { body: [{ id: 0, path: file, scale: 1, task_name: "", prompt_prefix: "" }] };
    if (path === "/tokenize") return { body: { tokens: [11] } };
    const all = body["n_predict"] === 1 && Array.isArray(body["logit_bias"]) ? [11] : tokens(body);
    const drawn = all.slice(0, body["n_predict"] as number);
    const told = drawn.filter((id) => !unfinished.includes(id));
    const n = Math.min(34, body["n_probs"] as number);
    return {
      body: {
        index: 0, content: "…", tokens: drawn, stop: true, stop_type: drawn.at(-1) === 31 ? "eos" : "limit", truncated: false,
        completion_probabilities: told.map((id) => ({ id, token: "…", bytes: [97], logprob: -id / 100, top_logprobs: top(n) })),
      },
    }; // prettier-ignore
  };
  return { reply, state };
}
