import { TinkerError } from "../client/errors.js";
import type { TrainingModel } from "../client/training-model.js";
import type { ServerReduction, ServerSemantics } from "../engine/server-semantics.js";
import { unshifted } from "../engine/weighted-rows.js";
import { GradientSize, nearest, type ProbePass } from "./gradient-size.js";
import { ProbeData } from "./probe-data.js";

/** Losses that any of the known servers has. */
const CANDIDATES = ["cross_entropy", "importance_sampling", "ppo", "cispo", "dro", "gspo", "grpo", "dapo", "dppo"];
const TARGETS = 3;

/** A number that was measured, and what was made of it. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
}

/** What gradients show of a server, with the ratios that show it. */
export interface GradientFindings {
  readonly semantics: ServerSemantics;
  readonly tellsNorm: boolean;
  /** Gradients are cut without being asked for it. */
  readonly clipsUnasked: boolean;
  readonly measurements: readonly Measurement[];
}

/** Finds out what a server's gradients are of: a dozen of small steps on a model of its own. */
export async function probeGradients(model: TrainingModel, vocabSize: number): Promise<GradientFindings> {
  const losses = await acceptedLosses(model, vocabSize);
  const data = new ProbeData(vocabSize);
  const ones = Array.from({ length: TARGETS }, () => 1);
  const zeros = Array.from({ length: 3 * TARGETS }, () => 0);
  const witness = data.crossEntropy(TARGETS);
  const score = async () => unshifted((await model.pass([witness], { lossFn: "cross_entropy", forwardOnly: true })).logProbs[0]!);
  const long = new Float32Array(ProbeData.PROMPT + 3 * TARGETS).fill(-3);
  const policy = (lossFn: string, advantages: readonly number[], start: ArrayLike<number>, config?: ProbePass["config"]): ProbePass => ({
    data: [data.policy(advantages, start)],
    lossFn,
    ...(config && { config }),
  });
  const isPolicy = losses.includes("importance_sampling");
  const unitAt = (start: ArrayLike<number>) =>
    isPolicy ? policy("importance_sampling", ones, start) : { data: [witness], lossFn: "cross_entropy" };
  const size = await GradientSize.open(model, witness, unitAt(await score()));
  const current = await score(); // finding a rate has moved the weights a little
  const doubled = current.map((value) => value - Math.LN2);
  const unit = unitAt(current);
  const measurements: Measurement[] = [];
  const one = await size.of(unit);
  const ratio = async (name: string, against: number, ...passes: readonly ProbePass[]) => {
    const value = (await size.of(...passes)) / against;
    measurements.push({ name, value });
    return value;
  };

  const first = [1, ...Array.from({ length: TARGETS - 1 }, () => 0)];
  const alone = { ...unit, data: [data.policy(first, current, first)] };
  const byTokens = isPolicy
    ? await ratio("one token among three, against alone", await size.of(alone), policy("importance_sampling", first, current))
    : 1;
  const padded = { ...unit, data: [...unit.data, data.policy(zeros, long)] };
  const bySequences = isPolicy ? await ratio("beside a sequence thrice as long that teaches nothing", one, padded) : 1;
  const reduction = nearest<ServerReduction>(byTokens, [[1, "sum"], [1 / TARGETS, "sequence-sum"]]) === "sum"
    ? nearest<ServerReduction>(bySequences, [[1, "sum"], [0.5, "datum-mean"]])
    : nearest<ServerReduction>(bySequences, [[1, "sequence-sum"], [0.5, "sequence-mean"], [0.25, "batch-mean"]]); // prettier-ignore
  const twice = await ratio("the same request twice before a step", one, unit, unit);
  const likelihood = { data: [witness], lossFn: "cross_entropy" };
  const plain = await size.of(likelihood);
  const weighted = await ratio("weights doubled", plain, { ...likelihood, data: [data.crossEntropy(TARGETS, 2)] });
  const ifHas = async (loss: string, work: () => Promise<boolean>) => losses.includes(loss) && (await orForget(work)) === true;
  const orForget = async (work: () => Promise<boolean>) => {
    const result = await unlessRefused(work);
    if (result === undefined) await forgetGradients(model);
    return result;
  };
  const isTwo = (value: number) => nearest(value, [[1, false], [2, true]]); // prettier-ignore
  const usesLogProbs = await ifHas("importance_sampling", async () => isTwo(await ratio("importance sampling at ratio 2", one, policy("importance_sampling", ones, doubled)))); // prettier-ignore
  const narrow = { clip_low_threshold: 0.8, clip_high_threshold: 1.2 };
  const wide = { clip_low_threshold: 0.25, clip_high_threshold: 4 };
  const clipsRatio = await ifHas("ppo", async () => {
    const cut = await ratio("ppo at ratio 2, clipped at 1.2", one, policy("ppo", ones, doubled, narrow));
    const whole = await ratio("ppo at ratio 2, clipped at 4", one, policy("ppo", ones, doubled, wide));
    return cut < 0.1 && isTwo(whole);
  });
  const clipsWeight = await ifHas("cispo", async () => {
    const cut = await ratio(
      "cispo at ratio 2, clipped at 1",
      one,
      policy("cispo", ones, doubled, { clip_low_threshold: 1, clip_high_threshold: 1 }),
    );
    const whole = await ratio("cispo at ratio 2, clipped at 4", one, policy("cispo", ones, doubled, wide));
    return Math.abs(cut - 1) < 0.1 && isTwo(whole);
  });
  const whole = await size.shift([unit], {});
  const clipped = (await size.shift([unit], { grad_clip_norm: 1e-4 })) / whole;
  measurements.push({ name: "the move of a step that asks for a norm of 0.0001", value: clipped });
  const small = (await size.shift([policy(unit.lossFn, ones.map(() => 0.25), current)], {})) / whole; // prettier-ignore
  measurements.push({ name: "the move of a step with a quarter of the gradient", value: small });
  const takesZeroRate = await accepts(model.optimStep({ learning_rate: 0, beta1: 0.9, beta2: 0.95, eps: 1e-8 }));
  return {
    semantics: {
      reduction,
      accumulation: nearest(twice, [[2, "sum"], [1, "mean"]]), // prettier-ignore
      scalesWeights: isTwo(weighted),
      losses,
      usesLogProbs,
      clipsRatio,
      clipsWeight,
      clipsGradient: clipped < 0.5,
      takesZeroRate,
    },
    tellsNorm: size.hasNorm,
    clipsUnasked: isPolicy && small > 0.7,
    measurements,
  };
}

async function acceptedLosses(model: TrainingModel, vocabSize: number): Promise<string[]> {
  const data = new ProbeData(vocabSize);
  const start = new Float32Array(ProbeData.PROMPT + TARGETS).fill(-3);
  const policy = data.policy(Array.from({ length: TARGETS }, () => 0), start); // prettier-ignore
  const accepted: string[] = [];
  for (const lossFn of CANDIDATES) {
    const datum = lossFn === "cross_entropy" ? data.crossEntropy(TARGETS) : policy;
    const config = lossFn === "dro" ? { config: { beta: 0.1 } } : {};
    if (await accepts(model.pass([datum], { lossFn, ...config }))) accepted.push(lossFn);
    else await forgetGradients(model);
  }
  await forgetGradients(model);
  return accepted;
}

/** A step that moves nothing. One behind a pass that failed may fail itself, which is as good. */
async function forgetGradients(model: TrainingModel): Promise<void> {
  await accepts(model.optimStep({ learning_rate: 1e-12, beta1: 0.9, beta2: 0.95, eps: 1e-8 }));
}

/** False for a request that the server refuses as such; other faults are thrown. */
async function accepts(work: Promise<unknown>): Promise<boolean> {
  return (await unlessRefused(() => work.then(() => true))) === true;
}

async function unlessRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TinkerError && ["TINKER_REQUEST", "TINKER_FAILED", "TINKER_VALUE", "TINKER_SERVER"].includes(error.code))
      return undefined;
    throw error;
  }
}
