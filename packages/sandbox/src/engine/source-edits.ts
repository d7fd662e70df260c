interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Replacements in a source text, collected in any order and applied at once. */
export class SourceEdits {
  readonly #source: string;
  readonly #edits: Edit[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  /** Ends a statement that ends at `end` with a semicolon, if the source left it out. */
  endStatement(end: number): void {
    if (this.#source[end - 1] !== ";") this.insert(end, ";");
  }

  /** The edited text; edits at one place keep the order in which they were made. */
  apply(): string {
    const edits = this.#edits.map((edit, order) => ({ ...edit, order })).sort((a, b) => a.start - b.start || a.order - b.order);
    let result = "";
    let at = 0;
    for (const { start, end, text } of edits) {
      result += this.#source.slice(at, start) + text;
      at = end;
    }
    return result + this.#source.slice(at);
  }
}
