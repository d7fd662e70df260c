/** Accuracy of one kind or level of problem. */
export interface GroupAccuracy {
  readonly n: number;
  /** Between 0 and 1. */
  readonly accuracy: number;
}

/** Results of one evaluation. Shares are between 0 and 1. */
export interface PhaseSummary {
  /** Problems; with several samples per problem, the accuracy is their mean. */
  readonly n: number;
  readonly accuracy: number;
  /** 95 % confidence interval of the accuracy. */
  readonly ci95: readonly [low: number, high: number];
  /** Share of responses with code in them. */
  readonly codeRatio: number;
  /** Share of responses with code whose last call ran without an error; null when none had code. */
  readonly codePassRate: number | null;
  readonly meanTurns: number;
  /** Tokens after the prompt, interpreter output included. */
  readonly meanTokens: number;
  readonly families?: Readonly<Record<string, GroupAccuracy>>;
  /** By the digits of the longest number in the question. */
  readonly digits?: Readonly<Record<string, GroupAccuracy>>;
  readonly levels?: Readonly<Record<string, GroupAccuracy>>;
}

/** `summary.json`: the outcome of a run in one small file. */
export interface Summary {
  readonly seed: number;
  readonly backend: string;
  readonly seconds: number;
  readonly peakRssBytes: number;
  /** Parameters are null where they are not known, as of a model behind an endpoint. */
  readonly model: { readonly parameters: number | null };
  /** By name, in the order in which they were measured, such as `coldStart` and `final`. */
  readonly phases: Readonly<Record<string, PhaseSummary>>;
}
