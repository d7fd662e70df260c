/** One call of a tool, as a dialect reads it from a turn. */
export interface CallRequest {
  readonly tool: string;
  readonly input: unknown;
  /** The input as the policy wrote it; for the code interpreter, the code. */
  readonly source: string;
  /** Where the call begins in the turn's text. */
  readonly offset: number;
}

/** What the policy asked for with the turn it just wrote. */
export type TurnAction =
  | ({ readonly kind: "call" } & CallRequest)
  /** Several calls that run at once; their results stand in one block, in order. */
  | { readonly kind: "calls"; readonly calls: readonly CallRequest[] }
  | { readonly kind: "answer" }
  | { readonly kind: "none" }
  | { readonly kind: "malformed"; readonly reason: string };

/** A piece of text that the environment writes. Only trusted pieces may become control tokens. */
export interface EnvironmentText {
  readonly text: string;
  readonly trusted: boolean;
}

/** Where a result stands among those of its turn. */
export interface ResultPlace {
  /** From 0. */
  readonly index: number;
  readonly count: number;
  /** The text of the turn that made the calls. */
  readonly turn: string;
}

/** How calls, results and answers are written. The trajectory underneath is the same for all dialects. */
export interface Dialect {
  readonly name: string;
  /** A turn ends with the first of these, besides the ids that end a response. */
  readonly stopStrings: readonly string[];
  /** Reads one turn: the text that the policy wrote since it was last asked. */
  parseTurn(text: string): TurnAction;
  /**
   * Wraps a tool's output. The output is made inert: it cannot close its own block or open another.
   *
   * @param place - without it, the result is the only one of a turn that ended as the dialect expects.
   */
  renderResult(output: string, place?: ResultPlace): readonly EnvironmentText[];
}

/** Makes one piece of neighbours that are trusted alike, so that trusted text is tokenised as it stands in a template. */
export function joinPieces(pieces: readonly EnvironmentText[]): EnvironmentText[] {
  const joined: EnvironmentText[] = [];
  for (const { text, trusted } of pieces) {
    const last = joined.at(-1);
    if (last?.trusted === trusted) joined[joined.length - 1] = { text: last.text + text, trusted };
    else joined.push({ text, trusted });
  }
  return joined;
}

/** Breaks tags in text that the policy can make a tool print: `</answer>` becomes `<\/answer>`. */
export function breakTags(output: string, tags: readonly string[]): string {
  return tags.reduce((text, tag) => text.replaceAll(tag, `${tag[0]}\\${tag.slice(1)}`), output);
}
