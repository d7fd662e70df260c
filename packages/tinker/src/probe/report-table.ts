import { RATES, type ServerReport } from "./probe-server.js";

/** A line of the table: a question and its answer. */
export type ReportLine = readonly [question: string, answer: string];

const REDUCTIONS = {
  sum: "sum over tokens and sequences",
  "sequence-sum": "each sequence by its weights; sum over sequences",
  "datum-mean": "sum over tokens; mean over the sequences of a step",
  "sequence-mean": "each sequence by its weights; mean over the sequences of a step",
  "batch-mean": "a request by all its weights",
} as const;

function rate(largest: number | undefined): string {
  if (largest === undefined) return "not known";
  return largest === RATES.at(-1) ? `${largest}, or more` : `${largest}, and not ${RATES[RATES.indexOf(largest) + 1]}`;
}

/** A report as lines for people. */
export function reportLines({ semantics, sampling, shapes, ...report }: ServerReport): ReportLine[] {
  const yes = (value: boolean | undefined) => (value === undefined ? "not known" : value ? "yes" : "no");
  return [
    ["server", report.baseUrl],
    ["base model", report.baseModel],
    ["training bodies", report.encoding],
    ["losses", semantics.losses.join(", ") || "none"],
    ["targets [n], weights float32 [n]", "yes"],
    ["sequences of different lengths together", yes(shapes.mixedLengths)],
    ["a sequence of one token", yes(shapes.oneToken)],
    ["a sequence in several chunks", yes(shapes.severalChunks)],
    ["several targets a place, [n, 2]", yes(shapes.severalTargets)],
    ["targets as int32", yes(shapes.int32Targets)],
    ["weights as bfloat16", yes(shapes.bfloat16Weights)],
    ["a sequence without weights", yes(shapes.withoutWeights)],
    ["a sequence longer than the model's", shapes.overlong === undefined ? "not asked" : shapes.overlong ? "taken" : "refused"],
    ["a loss is", REDUCTIONS[semantics.reduction]],
    ["requests before a step", semantics.accumulation === "sum" ? "are added" : "are averaged"],
    ["weights scale the loss", yes(semantics.scalesWeights)],
    ["sent log-probs enter the gradient", yes(semantics.usesLogProbs)],
    ["ppo clips at the thresholds sent", yes(semantics.clipsRatio)],
    ["cispo clips at the thresholds sent", yes(semantics.clipsWeight)],
    ["grad_clip_norm has an effect", yes(semantics.clipsGradient)],
    ["gradients are clipped unasked", yes(report.clipsUnasked)],
    ["the gradient's norm is told", yes(report.tellsNorm)],
    ["learning rate 0 is taken", yes(semantics.takesZeroRate)],
    ["the largest learning rate taken", rate(report.largestRate)],
    [`LoRA's alpha at rank ${report.rank}`, report.loraAlpha === undefined ? "not told" : String(report.loraAlpha)],
    ["a state comes back into a new model", yes(report.restores)],
    ["the stop token is in the tokens", yes(sampling.includesStop)],
    ["text ends by itself at the end token", yes(sampling.stopsByItself)],
    ["a seed repeats, another does not", yes(sampling.honoursSeed)],
    ["log-probs of a prompt of P tokens", sampling.promptLogProbs],
    ["likeliest tokens of a prompt", yes(sampling.tellsTopTokens)],
    ["sampler against trainer, nats", sampling.mismatch.toExponential(1)],
    ["samples of older weights are of those", yes(sampling.keepsOldWeights)],
    ["and leave those that train alone", yes(sampling.keepsTraining)],
  ];
}
