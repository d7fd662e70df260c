import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { corpus, createTokenizer, TINY_SPLIT, trainBpe } from "@retool-ts/data";
import { Parameters, useBackend, type ModelConfig } from "@retool-ts/policy";
import { saveAdapter, saveModel } from "@retool-ts/policy/node";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { tokenizerFiles } from "../src/setup/save-model.js";
import { useBuiltCommandLine } from "./built-command-line.js";

const built = useBuiltCommandLine();
const children: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

let model: string;
beforeAll(async () => {
  await useBackend("wasm");
  const tokenizer = createTokenizer(trainBpe(corpus(50), { vocabSize: 300, splitPattern: TINY_SPLIT, specialTokens: ["<|end|>"] }));
  const config: ModelConfig = {
    modelType: "qwen3", vocabSize: tokenizer.vocabSize, hiddenSize: 16, intermediateSize: 32, layers: 1, heads: 2, kvHeads: 1, headDim: 8, maxPositions: 64,
    rmsNormEpsilon: 1e-6, ropeTheta: 100, tiedEmbeddings: true, attentionBias: false, queryKeyNorm: true,
  }; // prettier-ignore
  const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.3 });
  model = join(built.scratch, "model");
  await saveModel(model, parameters, { files: tokenizerFiles({ tokenizer, eosTokenIds: [0] }) });
  parameters.addAdapter({ rank: 2, alpha: 2, dropout: 0, modules: ["q"], seed: 1 });
  await saveAdapter(join(built.scratch, "adapter"), parameters, { baseModel: model });
  parameters.dispose();
});

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [built.program("cli"), "engine", "serve", "--port", "0", ...args], {
    env: { ...process.env, RETOOL_ENGINE_TOKEN: "tml-key" },
  });
  children.push(child);
  const seen = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (seen.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (seen.stderr += chunk.toString()));
  return { child, seen, exit: once(child, "close") as Promise<[number | null, NodeJS.Signals | null]> };
}

async function serve(state: string) {
  const program = start(`small=${model}`, "--state", join(built.scratch, state));
  while (!program.seen.stdout.includes("\n")) {
    if (program.child.exitCode !== null) throw new Error(program.seen.stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const url = program.seen.stdout.trim();
  const post = async (route: string, body: object) => {
    const headers = { "content-type": "application/json", "x-api-key": "tml-key" };
    const response = await fetch(`${url}/api/v1/${route}`, { method: "POST", headers, body: JSON.stringify(body) });
    return (await response.json()) as Record<string, unknown>;
  };
  const result = (id: unknown) => post("retrieve_future", { request_id: id });
  const call = async (route: string, body: object) => result((await post(route, body))["request_id"]);
  return { ...program, url, post, result, call };
}

const datum = {
  model_input: { chunks: [{ tokens: [1, 2, 3, 4] }] },
  loss_fn_inputs: { target_tokens: { data: [2, 3, 4, 5] } },
};
const pass = (id: unknown, seq: number, more = {}) => ({
  model_id: id,
  seq_id: seq,
  forward_backward_input: { data: [datum], loss_fn: "cross_entropy" },
  ...more,
});
const step = (id: unknown, seq: number) => ({ model_id: id, seq_id: seq, adam_params: { learning_rate: 0.02 } });

describe("retool engine serve, as a process", () => {
  test("killed in the middle of a step and started again, it comes to the same weights", async () => {
    const lora = { rank: 2, seed: 3 };
    const outcomes: unknown[] = [];
    for (const state of ["whole", "killed"]) {
      let server = await serve(state);
      const { session_id: session } = await server.post("create_session", { tags: [] });
      const { model_id: id } = await server.call("create_model", {
        session_id: session,
        model_seq_id: 0,
        base_model: "small",
        lora_config: lora,
      });
      for (const seq of [1, 3]) {
        await server.call("forward_backward", pass(id, seq));
        await server.call("optim_step", step(id, seq + 1));
      }
      const promised = await server.post("forward_backward", pass(id, 5));
      if (state === "killed") {
        server.child.kill("SIGKILL");
        await server.exit;
        server = await serve(state);
      }
      const { metrics } = await server.result(promised["request_id"]);
      const last = await server.call("optim_step", step(id, 6));
      const after = await server.call("forward_backward", pass(id, 7, { forward_only: true }));
      outcomes.push({ metrics, last, outputs: after["loss_fn_outputs"] });
      server.child.kill("SIGTERM");
      if (process.platform !== "win32") expect(await server.exit).toEqual([0, null]);
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[0]).toHaveProperty("last.metrics.grad_norm");
  });

  test("an adapter is no base, and an address beyond this machine needs a key", async () => {
    const adapter = start(join(built.scratch, "adapter"), "--state", join(built.scratch, "none"));
    expect((await adapter.exit)[0]).toBe(2);
    expect(adapter.seen.stderr).toContain("expected a base model, on which clients train adapters of their own, found an adapter");
    const open = start(model, "--state", join(built.scratch, "none"), "--host", "0.0.0.0", "--token", "");
    expect((await open.exit)[0]).toBe(2);
    expect(open.seen.stderr).toContain("expected a token for 0.0.0.0, found none");
  });
});
