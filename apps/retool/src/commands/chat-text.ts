import type { Tokenizer } from "@retool-ts/data";
import { visibleText } from "@retool-ts/runs";

/**
 * The text of a conversation as it comes, for a terminal or a pipe. Tags stay in it, also where they are control tokens, and what a tool
 * returned stands on lines of its own, so that code, output and answer can be told apart without colours.
 */
export class ChatText {
  readonly #tokenizer: Tokenizer;
  readonly #write: (text: string) => void;
  readonly #stream: ReturnType<Tokenizer["streamDecoder"]>;
  /** The last character that was written. */
  #last = "\n";
  #afterTool = false;

  constructor(tokenizer: Tokenizer, write: (text: string) => void) {
    this.#tokenizer = tokenizer;
    this.#write = write;
    this.#stream = tokenizer.streamDecoder();
  }

  /** A token of the model. */
  token(id: number): void {
    if (!this.#isShown(id)) return;
    const text = this.#stream.push(id);
    if (text !== "" && this.#afterTool) this.#beginLine(text);
    this.#show(text);
  }

  /** What a tool returned, with the text around it. */
  toolOutput(tokenIds: readonly number[]): void {
    this.#show(this.#stream.flush());
    const text = this.#tokenizer.decode(tokenIds.filter((id) => this.#isShown(id)));
    this.#beginLine(text);
    this.#show(text);
    this.#afterTool = true;
  }

  /** The end of the response; `note` says why, where that has to be said. */
  end(note = ""): void {
    this.#show(this.#stream.flush() + note);
  }

  #beginLine(text: string): void {
    if (this.#last !== "\n" && !text.startsWith("\n")) this.#show("\n");
    this.#afterTool = false;
  }

  #show(text: string): void {
    if (text === "") return;
    this.#last = text.at(-1)!;
    this.#write(visibleText(text));
  }

  /** Control tokens are left out, such as the end of a turn, but for tags. */
  #isShown(id: number): boolean {
    return !this.#tokenizer.isSpecial(id) || /^<\/?[a-z_]+>$/.test(this.#tokenizer.idToToken(id) ?? "");
  }
}
