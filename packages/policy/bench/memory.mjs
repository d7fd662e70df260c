// Peak of resident memory above the program's own while a model of SmolLM2's shape learns, beside the formula of `memoryNeed`.
// Usage: node bench/memory.mjs [backend] [all|adapter] [tokens] [checkpoints]. Three updates from rows of at most 128 tokens, each of other
// lengths than the one before but for the first and last. Prints one JSON line.
import * as tf from "@tensorflow/tfjs-core";
import { LocalEngine, LORA_MODULES, memoryNeed, Parameters } from "../dist/index.js";
import { useBackend } from "../dist/node.js";
import { SHAPES } from "./shapes.mjs";

const [name = "auto", trained = "all", tokens = "512", checkpoints] = process.argv.slice(2);
const backend = await useBackend(name, { threads: 1 });
const { config } = SHAPES.smollm2;
const LONGEST = 128;
const lora = trained === "adapter" ? { rank: 16, alpha: 32, dropout: 0, seed: 1, modules: LORA_MODULES } : undefined;
const gradientCheckpointing = checkpoints !== undefined;
const MIB = 2 ** 20;

const program = Math.round(process.memoryUsage().rss / MIB);
const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.02 });
if (lora !== undefined) parameters.addAdapter(lora);
const engine = new LocalEngine(parameters, {
  optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
  maxTokensPerMicroBatch: Number(tokens),
  gradientCheckpointing,
});
const start = process.cpuUsage();
for (const shorter of [0, 27, 0]) {
  const rows = rowLengths(Number(tokens)).map((length, row) => {
    const tokenIds = Array.from({ length: Math.max(2, length - shorter) }, (_, j) => (row * 37 + j * 11) % config.vocabSize);
    return { tokenIds, lossMask: tokenIds.map((_, i) => (i === 0 ? 0 : 1)) };
  });
  await engine.forwardBackward(rows, ({ logProbs }) => ({ loss: tf.mul(tf.sum(logProbs), -1 / Number(tokens)) }));
  await engine.optimStep({ learningRate: 1e-4 });
}
const { user, system } = process.cpuUsage(start);
const formula = memoryNeed(config, { lora, cachedTokens: 0, trainedTokens: Number(tokens), gradientCheckpointing }).total;
const figures = {
  backend,
  trained,
  tokens: Number(tokens),
  checkpoints: gradientCheckpointing,
  formula_mib: Math.round(formula / MIB),
  peak_mib: Math.round(process.resourceUsage().maxRSS / 1024) - program,
  program_mib: program,
  cpu_s: Number(((user + system) / 1e6).toFixed(1)),
};
console.log(JSON.stringify(figures));
engine.dispose();
parameters.dispose();

/** Rows of {@link LONGEST} tokens and one of the rest. */
function rowLengths(count) {
  const whole = Array.from({ length: Math.floor(count / LONGEST) }, () => LONGEST);
  return count % LONGEST > 1 ? [...whole, count % LONGEST] : whole;
}
