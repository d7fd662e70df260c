import { spawn, type ChildProcess } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import type { Readable } from "node:stream";
import { cutText } from "../cut-text.js";
import type { Launch } from "./backend.js";
import { parseAnswer, type CellRequest, type FromInterpreter } from "./protocol.js";

/** Longest answer in bytes; a longer one is not the runner's. */
const MAX_ANSWER_BYTES = 16 * 2 ** 20;

/** Milliseconds for an interpreter to start. */
const START_MS = 120_000;

/** Milliseconds for a run that prints too much to stop by itself. */
const FLOOD_MS = 200;

/** Reasons for which the parent kills a process. */
export type Kill = "deadline" | "output" | "aborted" | "forgery";

type Done = Extract<FromInterpreter, { type: "done" }>;

/** The end of a cell, seen from outside. */
export interface CellEnd {
  readonly how:
    | { readonly type: "answered"; readonly answer: Done }
    | { readonly type: "killed"; readonly by: Kill }
    | { readonly type: "died"; readonly reason: string };
  readonly stdout: string;
  readonly stderr: string;
  /** True when output was cut. */
  readonly truncated: boolean;
  readonly ranMs: number;
}

interface Running {
  readonly nonce: string;
  readonly outputChars: number;
  readonly decoders: { readonly out: StringDecoder; readonly err: StringDecoder };
  stdout: string;
  stderr: string;
  truncated: boolean;
  settle(how: CellEnd["how"]): void;
}

/** One process that holds an interpreter. Every run ends: by its answer, by the deadline's SIGKILL, or by the process's death. */
export class Interpreter {
  readonly memoryBytes: number;
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  #running: Running | undefined;
  #lines = "";
  #killedBy: Kill | undefined;
  #failure = "";
  #isDead = false;
  #onReady: { resolve(): void; reject(error: Error): void } | undefined;

  constructor({ command, args, env, setup }: Launch, memoryBytes: number) {
    this.memoryBytes = memoryBytes;
    this.#child = spawn(command, args, { env, stdio: ["pipe", "pipe", "pipe", "pipe"], cwd: "/", windowsHide: true });
    this.ready = new Promise((resolve, reject) => (this.#onReady = { resolve, reject }));
    this.ready.catch(() => undefined);
    const late = setTimeout(() => this.#end("it did not start in time"), START_MS);
    void this.ready.finally(() => clearTimeout(late)).catch(() => undefined);
    const [input, out, err, answers] = this.#child.stdio as unknown as [NodeJS.WritableStream, Readable, Readable, Readable];
    input.on("error", () => undefined); // the exit says more
    out.on("data", (bytes: Buffer) => this.#output("out", bytes));
    err.on("data", (bytes: Buffer) => this.#output("err", bytes));
    answers.on("data", (bytes: Buffer) => this.#receive(bytes));
    this.#child.on("error", (error) => this.#end(error.message));
    this.#child.on("exit", (code, signal) =>
      setImmediate(() => this.#end(signal === null ? `its process ended with code ${code}` : `its process was ended by ${signal}`)),
    );
    input.write(`${setup}\n`);
  }

  get isAlive(): boolean {
    return !this.#isDead && this.#killedBy === undefined;
  }

  /** Process id. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Runs a cell; `deadlineMs` from now the process is killed. Never rejects. */
  run(request: CellRequest, deadlineMs: number): Promise<CellEnd> {
    const startMs = performance.now();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.kill("deadline"), deadlineMs);
      const running: Running = {
        nonce: request.nonce,
        outputChars: request.limits.outputChars,
        decoders: { out: new StringDecoder("utf8"), err: new StringDecoder("utf8") },
        stdout: "",
        stderr: "",
        truncated: false,
        settle: (how) => {
          clearTimeout(timer);
          this.#running = undefined;
          const { stdout, stderr, truncated } = running;
          resolve({ how, stdout, stderr, truncated, ranMs: performance.now() - startMs });
        },
      };
      if (this.#isDead) return running.settle({ type: "died", reason: this.#failure });
      this.#running = running;
      const line = JSON.stringify(request).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
      this.#child.stdin!.write(`${line}\n`);
    });
  }

  /** Ends the process with SIGKILL. */
  kill(by: Kill): void {
    this.#killedBy ??= by;
    this.#child.kill("SIGKILL");
  }

  /** Ends a process that nobody waits for. */
  stop(): void {
    this.#isDead = true;
    this.#child.kill("SIGKILL");
  }

  #output(stream: "out" | "err", bytes: Buffer): void {
    const running = this.#running;
    if (running === undefined) {
      if (this.#onReady !== undefined && this.#failure.length < 500) this.#failure += bytes.toString("utf8");
      return;
    }
    const room = running.outputChars - running.stdout.length - running.stderr.length;
    const text = running.decoders[stream].write(bytes);
    const kept = running.truncated ? "" : cutText(text, room);
    if (stream === "out") running.stdout += kept;
    else running.stderr += kept;
    if (text.length <= room || running.truncated) return;
    running.truncated = true;
    setTimeout(() => this.#running === running && this.kill("output"), FLOOD_MS); // unless it stops by itself
  }

  #receive(bytes: Buffer): void {
    this.#lines += bytes.toString("latin1"); // answers are ASCII
    if (this.#lines.length > MAX_ANSWER_BYTES) return this.kill("forgery");
    for (let end = this.#lines.indexOf("\n"); end >= 0; end = this.#lines.indexOf("\n")) {
      const line = this.#lines.slice(0, end);
      this.#lines = this.#lines.slice(end + 1);
      this.#take(Buffer.from(line, "latin1").toString("utf8"));
    }
  }

  #take(line: string): void {
    const answer = parseAnswer(line);
    if (answer?.type === "failed") return this.#end(answer.reason);
    if (answer?.type === "ready" && this.#onReady !== undefined) {
      this.#onReady.resolve();
      this.#onReady = undefined;
      this.#failure = "";
      return;
    }
    const running = this.#running;
    if (answer?.type !== "done" || running === undefined || answer.nonce !== running.nonce) return this.kill("forgery");
    setImmediate(() => running.settle({ type: "answered", answer })); // output that was written before it comes first
  }

  #end(failure: string): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#failure = this.#failure === "" ? failure : `${failure}: ${this.#failure.trim().slice(-300)}`;
    this.#child.kill("SIGKILL");
    this.#onReady?.reject(new Error(this.#failure));
    this.#onReady = undefined;
    const by = this.#killedBy;
    this.#running?.settle(by === undefined ? { type: "died", reason: this.#failure } : { type: "killed", by });
  }
}
