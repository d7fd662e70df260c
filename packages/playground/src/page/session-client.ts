import type { FromWorker, ToWorker } from "../protocol.js";

/** A small WebAssembly module with one SIMD instruction, to ask whether the browser knows them. */
const SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

/** What the browser lacks; undefined when nothing. */
export function whatIsMissing(): string | undefined {
  if (typeof WebAssembly !== "object" || typeof Worker !== "function") return "WebAssembly and Web Workers";
  if (!WebAssembly.validate(SIMD)) return "WebAssembly with SIMD (Chrome 91, Firefox 89, Safari 16.4 or newer)";
  return isSecureContext ? undefined : "a secure page (https, or an address of this computer)";
}

/** The worker that holds the policy. */
export class SessionClient {
  readonly #onMessage: (message: FromWorker) => void;
  #worker: Worker | undefined;

  constructor(onMessage: (message: FromWorker) => void) {
    this.#onMessage = onMessage;
  }

  /** Begins with a fresh worker; that of before ends at once, with all its memory and its sandbox. */
  start(): void {
    this.#worker?.terminate();
    const worker = new Worker(new URL("../worker/session-worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#onMessage(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#onMessage({ type: "failed", message: event.message || "the program of the model could not be loaded" });
    };
    this.#worker = worker;
  }

  send(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }
}
