import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Parameters, useBackend } from "@retool-ts/policy";
import { decodeForwardBackwardOutput, decodeSampleResponse, PROTOBUF } from "@retool-ts/tinker/wire";
import { expect, test } from "vitest";
import { localBase } from "../src/local-base.js";
import { openTinkerServer } from "../src/tinker-server.js";
import { TINY } from "./tiny-server.js";

const repository = resolve(import.meta.dirname, "../../..");
/** What official clients sent to a recording server: `RETOOL_SHARED` names the folder, or it is `shared` beside the repository. */
const folder = resolve(repository, process.env["RETOOL_SHARED"] ?? "../shared", "peers/fixtures");
const present = existsSync(folder);
if (!present) console.log("skipped: no recorded exchanges; RETOOL_SHARED names the folder that has them");

interface Exchange {
  readonly n: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly request?: unknown;
  readonly requestBase64?: string;
  readonly response?: Readonly<Record<string, unknown>>;
  readonly responseProtobuf?: string;
}

/** Headers that belong to a connection, or to the recording. */
const LEFT_OUT = new Set(["content-length", "host", "connection", "x-api-key", "accept-encoding"]);

/** Sends what was recorded again, with the ids that this server gives in place of those that the recording server gave. */
class Replay {
  readonly #url: string;
  readonly #ids = new Map<string, string>();

  constructor(url: string) {
    this.#url = url;
  }

  async send(exchange: Exchange): Promise<{ readonly status: number; readonly type: string; readonly bytes: Uint8Array } | undefined> {
    const { method, path, headers, request, requestBase64 } = exchange;
    const future = (request as { readonly request_id?: string } | undefined)?.request_id;
    if (future !== undefined && !this.#ids.has(`request ${future}`)) return undefined; // of a body that was not kept
    const isProtobuf = headers["content-type"] === PROTOBUF;
    if (isProtobuf && !requestBase64) return undefined;
    const body = isProtobuf ? this.#protobuf(requestBase64!) : request == null ? undefined : JSON.stringify(this.#ours(request));
    const sent = Object.entries(headers).filter(([name]) => !LEFT_OUT.has(name));
    const response = await fetch(this.#url + String(this.#ours(path)), {
      method,
      headers: Object.fromEntries(sent),
      ...(body !== undefined && { body }),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { status: response.status, type: response.headers.get("content-type") ?? "", bytes };
  }

  /** Remembers ours of the ids that an answer gives. */
  learn(recorded: Readonly<Record<string, unknown>>, ours: Readonly<Record<string, unknown>>): void {
    const pairs = [["request_id", "request "], ["session_id", ""], ["model_id", ""]] as const; // prettier-ignore
    for (const [key, prefix] of pairs) {
      if (typeof recorded[key] === "string" && typeof ours[key] === "string") this.#ids.set(prefix + recorded[key], ours[key]);
    }
  }

  /** A message whose first field is the model's id; all behind it goes as it was. */
  #protobuf(base64: string): Uint8Array<ArrayBuffer> {
    const bytes = Buffer.from(base64, "base64");
    expect(bytes[0]).toBe(0x0a);
    const end = 2 + bytes[1]!;
    const id = Buffer.from(String(this.#ours(bytes.subarray(2, end).toString())));
    return new Uint8Array(Buffer.concat([Buffer.from([0x0a, id.length]), id, bytes.subarray(end)]));
  }

  #ours(value: unknown, key = ""): unknown {
    if (typeof value === "string") {
      if (key === "request_id") return this.#ids.get(`request ${value}`) ?? value;
      return value.replaceAll(/\b(?:session|model)_\d+/g, (id) => this.#ids.get(id) ?? id);
    }
    if (Array.isArray(value)) return value.map((item) => this.#ours(item));
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.#ours(item, name)]));
    return value;
  }
}

test.skipIf(!present).each([
  ["tinker-sdk-0.25.0", 40],
  ["tinker-sdk-0.38.0", 40],
  ["tinker-cookbook-0.5.8", 80],
])("%s: each request that it sent is answered in the shape that it took", async (name, least) => {
  await useBackend("wasm");
  const state = await mkdtemp(join(tmpdir(), "tinker-recorded-"));
  const parameters = Parameters.initialize({ ...TINY, vocabSize: 320, maxPositions: 512 }, { seed: 5, embeddingStd: 0.3 });
  const base = localBase(parameters, { name: "tiny-qwen3", vocabSize: 260, eosTokenIds: [258], textStream: () => ({ push: String }) });
  const server = await openTinkerServer({ bases: [base], folder: state, port: 0 });
  const replay = new Replay(server.url);
  let answered = 0;
  try {
    const lines = readFileSync(join(folder, name, "exchange.jsonl"), "utf8")
      .trim()
      .split("\n");
    for (const exchange of lines.map((line) => JSON.parse(line) as Exchange)) {
      const { n, path, response, responseProtobuf } = exchange;
      const answer = await replay.send(exchange);
      if (answer === undefined) continue;
      answered++;
      const text = answer.type.includes("json") ? new TextDecoder().decode(answer.bytes) : "";
      expect(answer.status, `${n} ${path}: ${text}`).toBe(200);
      if (responseProtobuf) {
        expect(answer.type, `${n} ${path}: ${text}`).toBe(PROTOBUF);
        expect(shapeOf(answer.bytes), `${n} ${path}`).toEqual(shapeOf(new Uint8Array(Buffer.from(responseProtobuf, "base64"))));
      } else {
        const ours = JSON.parse(text) as Record<string, unknown>;
        if (response?.["type"] !== undefined) expect(ours["type"], `${n} ${path}`).toBe(response["type"]);
        const needed = Object.keys(response ?? {}).filter((key) => !SPARE.has(key));
        expect(Object.keys(ours), `${n} ${path}`).toEqual(expect.arrayContaining(needed));
        replay.learn(response ?? {}, ours);
      }
    }
    expect(answered).toBeGreaterThanOrEqual(least);
  } finally {
    await server.close(200);
    parameters.dispose();
    await rm(state, { recursive: true, force: true });
  }
});

/** Keys of the recording server that its clients do not need. */
const SPARE = new Set(["future_id", "status", "refresh_interval_sec", "sample_cancel_enabled", "sample_cancel_max_batch_size"]);

/** Lengths of what a result has; the numbers are the model's. */
function shapeOf(bytes: Uint8Array): unknown {
  try {
    const { sequences, prompt_logprobs: prompt } = decodeSampleResponse(bytes);
    if (sequences.length > 0) return { samples: sequences.length, prompt: prompt?.length };
  } catch {
    // a pass
  }
  const { loss_fn_outputs: outputs } = decodeForwardBackwardOutput(bytes);
  return outputs.map((output) => output["logprobs"]!.data.length);
}
