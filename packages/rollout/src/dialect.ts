/** What the policy asked for with the turn it just wrote. */
export type TurnAction =
  | {
      readonly kind: "call";
      readonly tool: string;
      readonly input: unknown;
      /** The input as the policy wrote it. */
      readonly source: string;
      /** Where the call begins in the turn's text. */
      readonly offset: number;
    }
  | { readonly kind: "answer" }
  | { readonly kind: "none" }
  | { readonly kind: "malformed"; readonly reason: string };

/** A piece of text that the environment writes. Only trusted pieces may become control tokens. */
export interface EnvironmentText {
  readonly text: string;
  readonly trusted: boolean;
}

/** How calls, results and answers are written. The trajectory underneath is the same for all dialects. */
export interface Dialect {
  readonly name: string;
  /** A turn ends with the first of these. */
  readonly stopStrings: readonly string[];
  /** Reads one turn: the text that the policy wrote since it was last asked. */
  parseTurn(text: string): TurnAction;
  /** Wraps a tool's output. The output is made inert: it cannot close its own block or open another. */
  renderResult(output: string): readonly EnvironmentText[];
}
