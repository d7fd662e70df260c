// 64 concurrent streamed conversations of 4 turns behind prompts of about 1,000 tokens: tokens a CPU second of the server's process, against
// the same conversations without HTTP, with and without the prefix cache; time to the first token; peak memory. Clients are another process.
// `node serve.mjs [inProcess|cached|uncached]` prints a line of figures; without a name, all three, each in a process of its own.
import { fork, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { streamKey, uniformAt } from "@retool-ts/core";
import { corpus, createTokenizer, TINY_SPLIT, trainBpe } from "@retool-ts/data";
import { LocalEngine, modelConfigFromHuggingFace, Parameters, useBackend } from "@retool-ts/policy";
import { hermesFormat, serveOpenAI } from "../dist/index.js";

const CONVERSATIONS = 64;
const TURNS = 4;
const TOKENS = 32;
const TEMPLATE =
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const NEXT = "<|im_end|>\n<|im_start|>user\nGo on.<|im_end|>\n<|im_start|>assistant\n";

const self = fileURLToPath(import.meta.url);
const mode = process.argv[2];
if (mode === "client") client();
else if (mode === undefined) {
  const lines = ["inProcess", "uncached", "cached"].map((name) => JSON.parse(spawnSync(process.execPath, [self, name], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).stdout)); // prettier-ignore
  for (const line of lines) console.log(JSON.stringify(line));
  const [inProcess, uncached, cached] = lines;
  console.log(
    `with the cache the server samples ${percent(cached.tokens_per_cpu_s / inProcess.tokens_per_cpu_s)} of the loop's tokens a CPU second`,
  );
  console.log(
    `turn ${TURNS} takes ${(uncached.turn_cpu_s.at(-1) / cached.turn_cpu_s.at(-1)).toFixed(1)} times the CPU seconds without the cache`,
  );
} else console.log(JSON.stringify(await measure(mode)));

async function measure(name) {
  await useBackend("wasm");
  const special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
  const tokenizer = createTokenizer(trainBpe(corpus(300), { vocabSize: 600, splitPattern: TINY_SPLIT, specialTokens: special }));
  const shape = { hidden_size: 64, intermediate_size: 168, num_hidden_layers: 3, num_attention_heads: 8, max_position_embeddings: 2_048 };
  const config = modelConfigFromHuggingFace({ model_type: "qwen3", vocab_size: tokenizer.vocabSize, rope_theta: 100, ...shape });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  const engine = new LocalEngine(Parameters.initialize(config, { seed: 1, embeddingStd: 0.4 }), {
    optimizer,
    maxTokensPerMicroBatch: 8_192,
  });
  const sampler = await engine.sampler({ maxSequences: CONVERSATIONS, maxLength: 1_536, vocabSize: tokenizer.vocabSize, textStream: () => tokenizer.streamDecoder() }); // prettier-ignore
  const text = corpus(400).join(" ");
  const prompts = Array.from({ length: CONVERSATIONS }, (_, i) => tokenizer.decode(tokenizer.encode(text.slice(i * 50)).slice(0, 1_000)));
  const result = name === "inProcess" ? await inProcess(sampler, tokenizer, prompts) : await overHttp(name, sampler, tokenizer, prompts);
  const cpu = result.turnCpu.reduce((sum, seconds) => sum + seconds, 0);
  return {
    mode: name,
    prompt_tokens: tokenizer.encode(prompts[0]).length,
    tokens_per_cpu_s: Math.round((CONVERSATIONS * TURNS * TOKENS) / cpu),
    turn_cpu_s: result.turnCpu.map((seconds) => Number(seconds.toFixed(2))),
    ...result.latencies,
    peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1_024),
  };
}

/** The loop without HTTP: each conversation goes on in its own sequence. Prompts are encoded in the time of the first turn, as the server's are. */
async function inProcess(sampler, tokenizer, prompts) {
  let begun = process.cpuUsage();
  const next = tokenizer.encode(NEXT);
  const opened = prompts.map((prompt) => sampler.open(tokenizer.encode(`<|im_start|>user\n${prompt}<|im_end|>\n<|im_start|>assistant\n`)));
  const turnCpu = [];
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 0) begun = process.cpuUsage();
    await Promise.all(
      opened.map(async (sequence, i) => {
        if (turn > 0) sampler.extend(sequence, next);
        const key = streamKey(1, ["bench", i]);
        await sampler.decode(sequence, {
          temperature: 1,
          topP: 1,
          topK: 0,
          maxTokens: TOKENS,
          uniform: (position) => uniformAt(key, position),
        });
      }),
    );
    turnCpu.push(secondsSince(begun));
  }
  return { turnCpu, latencies: {} };
}

/** The server in this process, clients in another; what the policy wrote is remembered, so that its ids come back as they were. */
async function overHttp(name, sampler, tokenizer, prompts) {
  const server = await serveOpenAI({ sampler, tokenizer, eosTokenIds: [], format: hermesFormat(TEMPLATE), modelName: "tiny", port: 0, prefixCache: name === "cached" }); // prettier-ignore
  const urls = prompts.map((_, i) => server.openRollout({ problemId: String(i), sampleIndex: 0, seed: 1, step: 0 }).baseURL);
  const child = fork(self, ["client"]);
  const turnCpu = [];
  const latencies = {};
  let messages = prompts.map((content) => [{ role: "user", content }]);
  for (let turn = 0; turn < TURNS; turn++) {
    const begun = process.cpuUsage();
    const done = new Promise((resolve) => child.once("message", resolve));
    child.send({ urls, messages });
    const { replies, firstMs } = await done;
    turnCpu.push(secondsSince(begun));
    messages = messages.map((each, i) => [...each, { role: "assistant", content: replies[i] }, { role: "user", content: "Go on." }]);
    firstMs.sort((a, b) => a - b);
    latencies[`turn_${turn + 1}_first_token_ms`] = { p50: Math.round(firstMs[Math.floor(firstMs.length / 2)]), p99: Math.round(firstMs[Math.floor(0.99 * firstMs.length)]) }; // prettier-ignore
  }
  child.disconnect();
  const { promptTokens, cachedTokens } = server.engine.pool.stats;
  await server.close(0);
  return { turnCpu, latencies: { cached_share: Number((cachedTokens / promptTokens).toFixed(3)), ...latencies } };
}

/** Sends a turn of all conversations at once, and says what came and when it began. */
function client() {
  process.on("message", (turn) => void answer(turn));
}

async function answer({ urls, messages }) {
  const ended = await Promise.all(
    urls.map(async (url, i) => {
      const started = performance.now();
      const body = JSON.stringify({ messages: messages[i], stream: true, max_tokens: TOKENS });
      const response = await fetch(`${url}/chat/completions`, { method: "POST", body, headers: { "content-type": "application/json" } });
      let [text, firstMs] = ["", undefined];
      for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
        if (firstMs === undefined && part.includes('"content":"') && !part.includes('"content":""')) firstMs = performance.now() - started;
        text += part;
      }
      const events = text.split("\n\n").filter((event) => event.startsWith("data: {")).map((event) => JSON.parse(event.slice(6))); // prettier-ignore
      const broken = events.find((event) => event.error !== undefined);
      if (broken !== undefined) throw new Error(broken.error.message);
      return {
        reply: events.map((event) => event.choices[0]?.delta.content ?? "").join(""),
        firstMs: firstMs ?? performance.now() - started,
      };
    }),
  );
  process.send({ replies: ended.map(({ reply }) => reply), firstMs: ended.map(({ firstMs }) => firstMs) });
}

function secondsSince(begun) {
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1e6;
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
