/**
 * State that a worker shares with its pool while it runs code and cannot answer: which run it is at, and its output so far.
 * The pool needs no clock of the worker: a run that is still the current one after its deadline has overstayed.
 */
const HEADER_BYTES = 16;
const CURRENT = 0;
const STDOUT = 1;
const STDERR = 2;

/** A worker's place for the run it is at and the output of that. */
export interface ProgressSink {
  begin(id: number): void;
  end(): void;
  append(stream: "out" | "err", text: string): void;
}

/** Both ends of the shared memory of one worker. */
export class Progress implements ProgressSink {
  readonly buffer: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #stdout: Uint16Array;
  readonly #stderr: Uint16Array;

  constructor(buffer: SharedArrayBuffer) {
    const chars = (buffer.byteLength - HEADER_BYTES) / 4;
    this.buffer = buffer;
    this.#header = new Int32Array(buffer, 0, 4);
    this.#stdout = new Uint16Array(buffer, HEADER_BYTES, chars);
    this.#stderr = new Uint16Array(buffer, HEADER_BYTES + 2 * chars, chars);
  }

  /** Room for `chars` UTF-16 units on each stream; what goes beyond is not shared. */
  static allocate(chars: number): Progress {
    return new Progress(new SharedArrayBuffer(HEADER_BYTES + 4 * chars));
  }

  /** Id of the current run; 0 between runs. */
  get current(): number {
    return Atomics.load(this.#header, CURRENT);
  }

  begin(id: number): void {
    Atomics.store(this.#header, STDOUT, 0);
    Atomics.store(this.#header, STDERR, 0);
    Atomics.store(this.#header, CURRENT, id);
  }

  end(): void {
    Atomics.store(this.#header, CURRENT, 0);
  }

  append(stream: "out" | "err", text: string): void {
    const slot = stream === "out" ? STDOUT : STDERR;
    const target = stream === "out" ? this.#stdout : this.#stderr;
    const start = Atomics.load(this.#header, slot);
    const end = Math.min(target.length, start + text.length);
    for (let i = start; i < end; i++) target[i] = text.charCodeAt(i - start);
    Atomics.store(this.#header, slot, end);
  }

  /** Output of the current run so far. */
  output(): { readonly stdout: string; readonly stderr: string } {
    const read = (source: Uint16Array, slot: number): string => decode(source.slice(0, Atomics.load(this.#header, slot)));
    return { stdout: read(this.#stdout, STDOUT), stderr: read(this.#stderr, STDERR) };
  }
}

function decode(units: Uint16Array): string {
  let text = "";
  for (let i = 0; i < units.length; i += 4096) text += String.fromCharCode(...units.subarray(i, i + 4096));
  return text;
}
