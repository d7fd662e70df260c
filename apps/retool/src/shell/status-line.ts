import type { ProgressStream } from "./progress-bar.js";

/** A line at the bottom of a terminal that each update writes over. */
export class StatusLine {
  readonly #stream: ProgressStream;
  #text = "";

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  update(text: string): void {
    this.#text = text;
    this.draw();
  }

  draw(): void {
    if (this.#text === "") return;
    this.#stream.write(`\r${this.#text.slice(0, (this.#stream.columns ?? 80) - 1)}\u001b[K`);
  }

  erase(): void {
    if (this.#text !== "") this.#stream.write("\r\u001b[K");
  }

  done(): void {
    this.erase();
    this.#text = "";
  }
}
