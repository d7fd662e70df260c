import type { RandomStream } from "@retool-ts/core";

/**
 * Kinds of cold-start responses:
 * `clean` code, output, answer · `text` worked steps, answer · `guess` the answer alone · `brokenThenFix` code that
 * fails, its error, the fixed code · `wrongThenRedo` code with a slip, its output, the right code · `uselessCall` a
 * second call that adds nothing · `places` and `checked` other worked ways, of the families that have them; of others, the usual steps.
 */
export const TRACE_KINDS = ["clean", "text", "guess", "brokenThenFix", "wrongThenRedo", "uselessCall", "places", "checked"] as const;
/** Kind of a worked answer, which a mixture gives a weight. */
export type TraceKind = (typeof TRACE_KINDS)[number];

/** Kinds with relative weights. */
export type TraceMixture = readonly (readonly [kind: TraceKind, weight: number])[];

/** Name of one of the ready {@link mixtures}. */
export type MixtureName = "clean" | "imperfect" | "textHeavy" | "textOnly";

/** Mixtures of cold-start traces; weights are percentages. */
export const mixtures: Readonly<Record<MixtureName, TraceMixture>> = {
  /** Teaches copying operands into code. */
  clean: [["clean", 100]],
  /** The standard cold start: half of the rows use code, not always well. */
  imperfect: [
    ["clean", 34],
    ["text", 25],
    ["guess", 25],
    ["brokenThenFix", 8],
    ["wrongThenRedo", 4],
    ["uselessCall", 4],
  ],
  /** One row in eight uses code: tool use is left for reinforcement learning to find. */
  textHeavy: [
    ["clean", 9],
    ["text", 82],
    ["guess", 5],
    ["brokenThenFix", 2],
    ["wrongThenRedo", 1],
    ["uselessCall", 1],
  ],
  /** The cold start of the text-only baseline. */
  textOnly: [["text", 100]],
};

/** The mixture of a name, or of weights by kind. */
export function mixtureOf(mixture: MixtureName | Readonly<Partial<Record<TraceKind, number | undefined>>>): TraceMixture {
  if (typeof mixture === "string") return mixtures[mixture];
  return TRACE_KINDS.map((kind) => [kind, mixture[kind] ?? 0] as const).filter(([, weight]) => weight > 0);
}

/** One kind, with probability proportional to its weight. */
export function pickTraceKind(mixture: TraceMixture, stream: RandomStream): TraceKind {
  return stream.pickWeighted(mixture);
}
