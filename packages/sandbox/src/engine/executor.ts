import { replyOf } from "../pool/reply.js";
import { placeError, type ErrorSource } from "./error-place.js";
import type { HeapImage } from "./heap-image.js";
import type { GuestError } from "../sandbox.js";
import type { Outcome, RunReply, RunRequest, WorkerSetup } from "../pool/messages.js";
import { Meter } from "./meter.js";
import type { ProgressSink } from "../pool/progress.js";
import { CellSyntaxError } from "./cell.js";
import { transformCell } from "./repl-transform.js";
import { ENGINE_PAGES, World, type Report } from "./world.js";

const PAGE_BYTES = 65_536;

/** Outcomes after which an instance is whole and may be set back; after any other it is dropped. */
const REUSABLE: ReadonlySet<Outcome["status"]> = new Set(["ok", "error", "fuel"]);

/** A world that is kept for the next run, with the limits it was made under. */
interface KeptWorld {
  readonly world: World;
  readonly maximumPages: number;
}

/** Runs requests one after the other, each in a world it prepares. What runs inside a worker. */
export class Executor {
  readonly #setup: WorkerSetup;
  readonly #progress: ProgressSink;
  #base: HeapImage | undefined;
  #stateless: KeptWorld | undefined;
  #session: (KeptWorld & { readonly dirty: Pick<HeapImage, "blocks"> }) | undefined;

  constructor(setup: WorkerSetup, progress: ProgressSink) {
    this.#setup = setup;
    this.#progress = progress;
    this.#base = setup.base;
  }

  /** Makes the first world; returns the start of every world. */
  async start(): Promise<HeapImage> {
    const maximumPages = pagesOf(this.#setup.limits.memoryBytes);
    const world = await this.#create(maximumPages, ENGINE_PAGES);
    this.#base = world.base;
    this.#stateless = { world, maximumPages };
    return world.base;
  }

  async run(request: RunRequest): Promise<RunReply> {
    this.#progress.begin(request.id);
    try {
      return request.turn === undefined ? await this.#runStateless(request) : await this.#runTurn(request);
    } finally {
      this.#progress.end();
    }
  }

  async #runStateless(request: RunRequest): Promise<RunReply> {
    const maximumPages = pagesOf(request.limits.memoryBytes);
    if (this.#stateless?.maximumPages !== maximumPages) {
      this.#stateless = { world: await this.#create(maximumPages, ENGINE_PAGES), maximumPages };
    } else {
      this.#stateless.world.restore();
    }
    const { world } = this.#stateless;
    const { outcome, isWhole } = this.#runIn(world, request);
    const isSmall = world.memoryBytes === ENGINE_PAGES * PAGE_BYTES;
    if (!isWhole || !isSmall) this.#stateless = undefined;
    return replyOf(request.id, outcome);
  }

  async #runTurn(request: RunRequest): Promise<RunReply> {
    const maximumPages = pagesOf(request.limits.memoryBytes);
    const before = request.turn?.image;
    const pages = before?.memoryPages ?? ENGINE_PAGES;
    const kept = this.#session;
    this.#session = undefined;
    const isFit = kept?.maximumPages === maximumPages && kept.world.memoryBytes === pages * PAGE_BYTES;
    const world = isFit ? kept.world : await this.#create(Math.max(maximumPages, pages), pages);
    if (isFit) world.erase(kept.dirty);
    if (before !== undefined) world.restore(before);
    const { outcome, isWhole } = this.#runIn(world, request);
    if (!isWhole || outcome.status === "fuel") return replyOf(request.id, outcome);
    const image = world.capture();
    this.#session = { world, maximumPages, dirty: { blocks: image.blocks } };
    return replyOf(request.id, outcome, image);
  }

  #create(maximumPages: number, initialPages: number): Promise<World> {
    const { wasmModule, guestSource, prelude, libraries } = this.#setup;
    return World.create({ wasmModule, guestSource, prelude, libraries, maximumPages, initialPages, base: this.#base });
  }

  #runIn(world: World, { code, limits, seed, turn }: RunRequest): { readonly outcome: Outcome; readonly isWhole: boolean } {
    const meter = new Meter(limits, this.#progress, world.work);
    if (seed !== undefined) world.seed(seed); // before anything can go wrong: later cells go on from here
    if (code.length > limits.codeChars) {
      const message = `the code has ${code.length} characters, more than the limit of ${limits.codeChars}`;
      return { outcome: this.#outcome(world, meter, { name: "Error", message }), isWhole: true };
    }
    const fileName = `cell-${turn?.cell ?? 1}.js`;
    try {
      const cell = transformCell(code);
      const report = world.run(cell, fileName, meter);
      const source = { source: code, fileName, firstLineShift: cell.firstLineShift };
      const outcome = this.#outcome(
        world,
        meter,
        report === undefined ? undefined : verdictOf(report, source, isFull(world, pagesOf(limits.memoryBytes))),
      );
      return { outcome, isWhole: REUSABLE.has(outcome.status) };
    } catch (error) {
      if (error instanceof CellSyntaxError) {
        return { outcome: this.#outcome(world, meter, syntaxError(error)), isWhole: true };
      }
      if (meter.isSpent) return { outcome: this.#outcome(world, meter, undefined), isWhole: false };
      return { outcome: this.#outcome(world, meter, faultOf(error, world, pagesOf(limits.memoryBytes))), isWhole: false };
    }
  }

  #outcome(world: World, meter: Meter, verdict: Verdict | undefined): Outcome {
    const { stdout, stderr, fuel, wallMs, stopped } = meter;
    const usage = { fuel, wallMs, memoryBytes: world.memoryBytes };
    const report = { stdout, stderr, truncated: stopped === "output", usage };
    if (verdict === undefined) return { ...report, status: stopped ?? "oom" };
    if (verdict === "oom" || verdict === "stack") return { ...report, status: verdict };
    if ("reason" in verdict) return { ...report, status: "infra", reason: verdict.reason };
    if ("name" in verdict) return { ...report, status: "error", error: verdict };
    const { value, valueChars = 0 } = verdict;
    if (value === undefined) return { ...report, status: "ok" };
    return { ...report, status: "ok", value, truncated: valueChars > value.length };
  }
}

type Verdict =
  | "oom"
  | "stack"
  | GuestError
  | { readonly reason: string }
  | { readonly value?: string | undefined; readonly valueChars?: number | undefined };

function verdictOf(report: Report, source: ErrorSource, isMemoryFull: boolean): Verdict {
  const { kind, value, valueChars, name = "Error", message = "", stack = "" } = report;
  if (kind === "ok") return { value, valueChars };
  if (name === "InternalError" && message === "out of memory") return "oom";
  if (isMemoryFull && name === "Uncaught" && message === "null") return "oom"; // no memory was left for an error object
  if (name === "InternalError" && message === "stack overflow") return "stack";
  return placeError({ name, message, stack }, source);
}

function syntaxError({ message, line, column }: CellSyntaxError): GuestError {
  const place = line === undefined || column === undefined ? {} : { line, column };
  return { name: "SyntaxError", message, ...place };
}

/** Reads from an error that came out of the engine how the run ended. */
function faultOf(error: unknown, world: World, maximumPages: number): Verdict {
  if (error instanceof RangeError) return "stack";
  if (isFull(world, maximumPages)) return "oom";
  return { reason: `the engine failed: ${error instanceof Error ? error.message : String(error)}` };
}

/** Memory grows in steps, so that the last of it may stay out of reach. */
function isFull(world: World, maximumPages: number): boolean {
  return world.memoryBytes > 0.75 * maximumPages * PAGE_BYTES;
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}
