import { LIMITS, ParseFailure, Undecided } from "./budget.js";
import type { Token } from "./token.js";
import type { Node } from "./tree.js";

const END: Token = { kind: "mark", text: "", shown: "", isSpaced: false };

/** Tokens with a place in them, and the counts that bound the tree made of them. */
export class TokenStream {
  readonly #tokens: Token[];
  #index = 0;
  #nodes = 0;
  #depth = 0;
  /** Open `|` of absolute values: while there is one, `|` closes. */
  bars = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  /** The token to come, or the one `ahead` of it; an empty mark at the end. */
  peek(ahead = 0): Token {
    return this.#tokens[this.#index + ahead] ?? END;
  }

  take(): Token {
    const token = this.peek();
    this.#index++;
    return token;
  }

  /** The token taken last, as the answer has it. */
  get taken(): string {
    return this.#tokens[this.#index - 1]?.shown ?? "";
  }

  get isAtEnd(): boolean {
    return this.#index >= this.#tokens.length;
  }

  /** Checks whether the next token is this mark or command; a command begins with a backslash here. */
  isNext(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    if (token === END) return false;
    if (text.startsWith("\\") && /[a-zA-Z]/.test(text)) return token.kind === "command" && token.text === text.slice(1);
    return token.kind === "mark" && token.text === text;
  }

  accept(...texts: readonly string[]): boolean {
    if (!texts.some((text) => this.isNext(text))) return false;
    this.#index++;
    return true;
  }

  expect(...texts: readonly string[]): string {
    const { text, shown } = this.peek();
    if (this.accept(...texts)) return text;
    throw new ParseFailure(`expected “${texts.join("” or “")}”, got ${this.isAtEnd ? "the end" : `“${shown}”`}`);
  }

  /** Replaces the next token by the rest of it, as TeX does when an argument takes one digit of a numeral. */
  takeDigit(): string {
    const token = this.peek();
    const rest = token.text.slice(1);
    if (rest === "") this.#index++;
    else this.#tokens[this.#index] = { kind: "number", text: rest, shown: rest, isSpaced: false };
    return token.text[0] ?? "";
  }

  /** Counts a node. */
  node<T extends Node>(node: T): T {
    if (++this.#nodes > LIMITS.nodes) throw new Undecided(`the answer has more than ${LIMITS.nodes} parts`);
    return node;
  }

  nested<T>(parse: () => T): T {
    if (++this.#depth > LIMITS.depth) throw new Undecided(`the answer is nested deeper than ${LIMITS.depth} levels`);
    const result = parse();
    this.#depth--;
    return result;
  }
}
