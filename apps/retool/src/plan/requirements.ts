import { totalmem } from "node:os";
import { cacheBytesPerToken, memoryNeed, parameterCount, type ModelConfig } from "@retool-ts/policy";
import { formatBytes, formatDuration } from "@retool-ts/report";
import type { RecipeConfig } from "../config/recipe-config.js";

/** Tokens of a prompt that count towards the longest sequence, where they are not known; verl's limit. */
const PROMPT_TOKENS = 2_048;

/** What reinforcement learning of a model needs, in bytes, tokens and floating-point operations. Upper bounds: all budgets used up. */
export interface Requirements {
  readonly parameters: number;
  readonly weightBytes: number;
  readonly gradientBytes: number;
  /** AdamW's two moments. */
  readonly optimizerBytes: number;
  /** A critic's weights, gradient and moments, and a reference's weights. */
  readonly otherModelBytes: number;
  /** Keys and values of one sequence of full length, and of all of a step. */
  readonly kvBytesPerSequence: number;
  readonly kvBytes: number;
  readonly sequencesPerStep: number;
  readonly tokensPerStep: number;
  readonly flopPerStep: number;
  readonly flop: number;
}

/**
 * By formula, in 32-bit floats: 4 bytes a parameter for weights, and 4 each for gradient and two moments of what is trained; keys and
 * values 2 · layers · kvHeads · headDim · 4 bytes a token; 2 FLOP a parameter and token forward and 4 backward (Kaplan et al.,
 * https://arxiv.org/abs/2001.08361, sec. 2.1), and 2 · layers · heads · headDim · T² of attention for a forward pass over T tokens.
 */
export function requirementsOf(
  shape: ModelConfig,
  { train, budgets, model }: Pick<RecipeConfig, "train" | "budgets" | "model">,
): Requirements {
  const parameters = parameterCount(shape);
  const { layers, heads, headDim, maxPositions } = shape;
  const length = Math.min(maxPositions, PROMPT_TOKENS + budgets.maxResponseTokens);
  const sequencesPerStep = train.promptsPerStep * train.groupSize;
  const tokensPerStep = sequencesPerStep * length;
  const forward = sequencesPerStep * (2 * parameters * length + 2 * layers * heads * headDim * length ** 2);
  const [critics, references] = [train.advantage === "gae" ? 1 : 0, train.kl === null ? 0 : 1];
  const updates = (1 + critics) * 3 * train.epochs; // forward once, backward twice as much
  const scoring = (train.oldLogProbs === "trainer" ? 1 : 0) + critics + references;
  const need = memoryNeed(shape, {
    lora: model.lora ?? undefined,
    critic: critics > 0,
    reference: references === 0 ? undefined : model.lora === null ? "own" : "shared",
    cachedTokens: 0,
    trainedTokens: 0,
  });
  const kvBytesPerSequence = cacheBytesPerToken(shape) * length;
  const flopPerStep = forward * (1 + scoring + updates);
  return {
    parameters,
    weightBytes: need.weights,
    gradientBytes: need.gradients,
    optimizerBytes: need.moments,
    otherModelBytes: need.critic + need.reference,
    kvBytesPerSequence,
    kvBytes: sequencesPerStep * kvBytesPerSequence,
    sequencesPerStep,
    tokensPerStep,
    flopPerStep,
    flop: train.steps * flopPerStep,
  };
}

/** What a machine has. */
export interface Machine {
  readonly memoryBytes: number;
  /** FLOP a second of a matrix product. */
  readonly flopPerSecond: number;
}

/** Longest run that is called one that a machine can do. */
const PATIENCE_SECONDS = 30 * 24 * 3_600;

/** The requirements in words, and whether a machine meets them. Half the speed of a matrix product is assumed. */
export function describeRequirements(needed: Requirements, machine: Machine): string {
  const { weightBytes, gradientBytes, optimizerBytes, otherModelBytes, kvBytesPerSequence, kvBytes } = needed;
  const model = weightBytes + gradientBytes + optimizerBytes + otherModelBytes;
  const others = otherModelBytes === 0 ? "" : `, critic and reference ${formatBytes(otherModelBytes)}`;
  const seconds = needed.flop / (machine.flopPerSecond / 2);
  const least = model + kvBytesPerSequence;
  const reasons = [
    least > machine.memoryBytes
      ? `its ${formatBytes(machine.memoryBytes)} of memory are less than the ${formatBytes(least)} of the model and one sequence`
      : "",
    seconds > PATIENCE_SECONDS ? `it would take about ${longDuration(seconds)}` : "",
  ].filter((reason) => reason !== "");
  return [
    `parameters   ${needed.parameters.toLocaleString("en-US")}`,
    `memory       ${formatBytes(model)}: weights ${formatBytes(weightBytes)}, gradient ${formatBytes(gradientBytes)}, optimizer ${formatBytes(optimizerBytes)}${others}`,
    `KV cache     ${formatBytes(kvBytesPerSequence)} a sequence of full length, ${formatBytes(kvBytes)} for the ${needed.sequencesPerStep.toLocaleString("en-US")} of a step at once`,
    `step         at most ${needed.tokensPerStep.toLocaleString("en-US")} tokens, ${exponent(needed.flopPerStep)} FLOP`,
    `run          at most ${exponent(needed.flop)} FLOP, about ${longDuration(seconds)} at ${(machine.flopPerSecond / 2e9).toFixed(0)} GFLOP/s`,
    reasons.length === 0
      ? "verdict      this machine could run it, if activations fit beside this"
      : `verdict      this machine cannot run it: ${reasons.join("; ")}`,
  ].join("\n");
}

/** This machine's memory. */
export function machineMemory(): number {
  return totalmem();
}

function exponent(value: number): string {
  return value.toExponential(1).replace("e+", "e");
}

/** A duration that may last years. */
function longDuration(seconds: number): string {
  const days = seconds / 86_400;
  if (days < 2) return formatDuration(1_000 * seconds);
  return days < 730 ? `${Math.round(days)} days` : `${Math.round(days / 365.25).toLocaleString("en-US")} years`;
}
