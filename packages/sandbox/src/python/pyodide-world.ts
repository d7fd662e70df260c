import type { PyodideClock } from "./pyodide-clock.js";
import { PyodideFiles } from "./pyodide-files.js";
import { PyodideGate } from "./pyodide-gate.js";
import { limitGrowth } from "./pyodide-growth.js";
import { hardenAfterLoad } from "./pyodide-hardening.js";
import type { StoredImage } from "./native-image.js";
import { restoreNative } from "./native-restore.js";
import { loadNative, type WorldFiles } from "./pyodide-memory.js";
import { PyodideMeter, type Stop } from "./pyodide-meter.js";
import type { RandomBytes } from "./pyodide-random.js";
import { startPyodide, type StartedPyodide } from "./pyodide-start.js";
import type { LoadPyodide, Pyodide } from "./pyodide.js";
import { ownReport, type CellReport, type CellRequest, type FromInterpreter } from "./protocol.js";

/** A process as its world uses it. */
export interface WorldHost {
  answer(message: FromInterpreter): void;
  write(descriptor: 1 | 2, bytes: Uint8Array): void;
  exit(): never;
  /** True when the process that started this one is gone. */
  isOrphan(): boolean;
}

/** Growth after which a process is not used for another world. */
const MAX_SPARE_BYTES = 64 * 2 ** 20;

/** What a world begins with. */
export interface WorldStart {
  readonly files: WorldFiles;
  readonly snapshot: Uint8Array;
  /** What native packages have made of the engine; null to load them. */
  readonly image: StoredImage | null;
}

/** One interpreter in a process of its own, whose memory is put back for each world that begins. */
export class PyodideWorld {
  readonly #pyodide: Pyodide;
  readonly #host: WorldHost;
  readonly #clock: PyodideClock;
  readonly #random: RandomBytes;
  readonly #meter: PyodideMeter;
  readonly #begin: (seed: string) => void;
  readonly #turn: (code: string, cell: number, outputChars: number) => string;
  readonly #base: Uint8Array;
  readonly #tableLength: number;
  readonly #files: PyodideFiles;
  #maximumBytes = Infinity;
  #topBytes = 0;
  #nonce = "";

  private constructor({ pyodide, clock, work, now, random }: StartedPyodide, host: WorldHost) {
    this.#pyodide = pyodide;
    this.#host = host;
    this.#clock = clock;
    this.#random = random;
    this.#meter = new PyodideMeter(
      { clock, work, now },
      host.write.bind(host),
      (stop) => this.#last({ kind: stop }),
      () => {
        if (host.isOrphan()) host.exit(); // nobody waits for the end
      },
    );
    const { setStdin, setStdout, setStderr } = pyodide;
    setStdin({ stdin: () => null });
    setStdout({ write: (bytes) => (this.#meter.output(1, bytes), bytes.length) });
    setStderr({ write: (bytes) => (this.#meter.output(2, bytes), bytes.length) });
    pyodide._api.fatal_error = (error) => this.#last(this.#faultOf(error));
    pyodide.setInterruptBuffer(this.#meter);
    const part = (name: string): unknown => pyodide.runPython(`import retool_runner; retool_runner.${name}`);
    const seal = part("seal") as () => void;
    this.#begin = part("begin") as (seed: string) => void;
    this.#turn = part("turn") as (code: string, cell: number, outputChars: number) => string;
    seal();
    this.#tableLength = pyodide._module.wasmTable.length;
    this.#base = pyodide._module.HEAPU8.slice();
    this.#files = new PyodideFiles(pyodide.FS);
  }

  static async load(loadPyodide: LoadPyodide, { files, snapshot, image }: WorldStart, host: WorldHost): Promise<PyodideWorld> {
    const loaded: { world?: PyodideWorld } = {};
    const gate = new PyodideGate((name) => loaded.world!.#forbid(name));
    limitGrowth(() => (loaded.world === undefined ? Infinity : loaded.world.#maximumBytes));
    const started = await startPyodide(loadPyodide, files, snapshot, gate);
    if (image === null) await loadNative(started.pyodide, files);
    gate.close();
    if (image !== null) restoreNative(started.pyodide, gate.symbols(), image, (instance) => gate.count(instance));
    const world = new PyodideWorld(started, host);
    loaded.world = world;
    hardenAfterLoad(started.random.fill);
    gate.seal();
    return world;
  }

  /** Runs a cell and answers; a run that cannot be stopped or breaks the interpreter ends the process after the answer. */
  run({ nonce, code, cell, seed, limits }: CellRequest): void {
    this.#nonce = nonce;
    this.#maximumBytes = this.#base.length + limits.memoryBytes;
    if (seed !== null) this.#restart(seed);
    this.#meter.begin(limits);
    let report: CellReport;
    try {
      report = ownReport(this.#turn(code, cell, limits.outputChars));
    } catch (error) {
      return this.#last(this.#faultOf(error));
    }
    const stop: Stop | undefined = this.#meter.stopped;
    this.#meter.end();
    if (stop !== undefined) report = { kind: stop };
    this.#answer(report, this.#isReusable());
  }

  #restart(seed: number): void {
    const heap = this.#pyodide._module.HEAPU8;
    if (this.#topBytes > this.#base.length) heap.fill(0, this.#base.length, this.#topBytes);
    heap.set(this.#base);
    this.#topBytes = 0;
    this.#files.restore();
    this.#clock.restart();
    this.#random.restart(seed);
    this.#begin(String(seed));
  }

  #isReusable(): boolean {
    const { HEAPU8: heap, wasmTable } = this.#pyodide._module;
    this.#topBytes = Math.max(this.#topBytes, heap.length);
    return heap.length <= this.#base.length + MAX_SPARE_BYTES && wasmTable.length === this.#tableLength;
  }

  #isFull(): boolean {
    return this.#pyodide._module.HEAPU8.length > 0.9 * this.#maximumBytes;
  }

  #answer(report: CellReport, isReusable: boolean): void {
    const memoryBytes = this.#pyodide._module._sbrk?.(0) ?? this.#pyodide._module.HEAPU8.length;
    this.#host.answer({ type: "done", nonce: this.#nonce, report, fuel: this.#meter.fuel, memoryBytes, isReusable });
  }

  #last(report: CellReport): never {
    this.#answer(report, false);
    return this.#host.exit();
  }

  #forbid(name: string): never {
    const stop = this.#meter.stopped;
    if (stop !== undefined) return this.#last({ kind: stop });
    if (this.#isFull()) return this.#last({ kind: "oom" });
    if (name === "_abort_js" || name === "__assert_fail") return this.#last(CRASHED);
    return this.#last(damaged(`the closed bridge to its host (${name})`));
  }

  #faultOf(error: unknown): CellReport {
    const { stopped } = this.#meter;
    const { name = "", message = "" } = (typeof error === "object" && error !== null ? error : {}) as Partial<Error>;
    if (name === "ExitStatus" || name === "Exit") return { kind: "error", name: "SystemExit", message: "the code ended its interpreter" };
    if (stopped !== undefined) return { kind: stopped };
    if (error instanceof RangeError && /call stack/.test(message)) return { kind: "stack" };
    if (this.#isFull()) return { kind: "oom" };
    if (name === "RuntimeError") return CRASHED; // a trap: the world is deterministic, so the code is its cause
    return { kind: "crash", reason: `${name}: ${message}`.slice(0, 300) };
  }
}

const CRASHED: CellReport = { kind: "error", name: "SystemError", message: "the code crashed its interpreter" };

function damaged(what: string): CellReport {
  return { kind: "error", name: "PermissionError", message: `the code meddled with ${what}` };
}
