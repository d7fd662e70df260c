/** Characters of texts that are remembered. */
const REMEMBERED = 2 ** 23;

/** Remembers what was found out about texts, which conversations repeat with every request. */
export class TextMemory<Value> {
  readonly #values = new Map<string, Value>();
  #characters = 0;

  of(text: string, find: (text: string) => Value): Value {
    const known = this.#values.get(text);
    if (known !== undefined) return known;
    const value = find(text);
    if (this.#characters + text.length > REMEMBERED) {
      this.#values.clear();
      this.#characters = 0;
    }
    this.#values.set(text, value);
    this.#characters += text.length;
    return value;
  }
}
