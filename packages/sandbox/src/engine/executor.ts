import { missingReply, replyOf } from "../pool/reply.js";
import { PAGE, tableWith, type BlockTable } from "./blocks.js";
import { placeError, type ErrorSource } from "./error-place.js";
import type { HeapImage } from "./heap-image.js";
import { KnownStates, tight, type KnownState } from "./known-states.js";
import type { GuestError } from "../sandbox.js";
import type { Outcome, RunReply, RunRequest, Turn, WorkerSetup } from "../pool/messages.js";
import { Meter } from "./meter.js";
import type { ProgressSink } from "../pool/progress.js";
import { CellSyntaxError } from "./cell.js";
import { transformCell } from "./repl-transform.js";
import { SessionWorld } from "./session-world.js";
import { ENGINE_PAGES, World, type Report } from "./world.js";

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
  #session: (KeptWorld & { readonly session: SessionWorld }) | undefined;
  /** The content of every world that begins, and the addresses in it. */
  #start: BlockTable = [];
  #layout = "";
  readonly #states = new KnownStates();

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
    this.#start = tableWith([], [world.base]);
    this.#layout = world.layout;
    this.#stateless = { world, maximumPages };
    return world.base;
  }

  async run(request: RunRequest): Promise<RunReply> {
    this.#progress.begin(request.id);
    try {
      return request.turn === undefined ? await this.#runStateless(request) : await this.#runTurn(request, request.turn);
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
    const isSmall = world.memoryBytes === ENGINE_PAGES * PAGE;
    if (!isWhole || !isSmall) this.#stateless = undefined;
    return replyOf(request.id, outcome);
  }

  async #runTurn(request: RunRequest, turn: Turn): Promise<RunReply> {
    const before = this.#stateBefore(turn);
    if (before === undefined) return missingReply(request.id);
    const maximumPages = pagesOf(request.limits.memoryBytes);
    const kept = this.#session;
    this.#session = undefined;
    const isFit = kept?.maximumPages === maximumPages && kept.world.memoryBytes === before.memoryPages * PAGE;
    const session = isFit ? kept.session : await this.#createSession(Math.max(maximumPages, before.memoryPages), before.memoryPages);
    const { world } = session;
    session.moveTo(before.content);
    const { outcome, isWhole } = this.#runIn(world, request);
    if (!isWhole || outcome.status === "fuel") return replyOf(request.id, outcome);
    const changes = session.takeChanges();
    const keptBytes = before.keptBytes + changes.bytes.length;
    const state = tight({ content: session.content, memoryPages: changes.memoryPages, keptBytes }, this.#start);
    session.adopt(state.content);
    this.#states.add(request.id, state);
    this.#session = { session, world, maximumPages };
    return replyOf(request.id, outcome, { ...changes, bytes: changes.bytes.slice() }); // what is sent is lost to this thread
  }

  /** Undefined when it is not known here and must be sent. */
  #stateBefore({ before, parts }: Turn): KnownState | undefined {
    if (before === undefined) return { content: this.#start, memoryPages: ENGINE_PAGES, keptBytes: 0 };
    if (parts !== undefined) {
      if (parts.some(({ layout }) => layout !== this.#layout)) throw new Error("the image was made by another build of the engine");
      const keptBytes = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
      this.#states.add(before, { content: tableWith(this.#start, parts), memoryPages: parts.at(-1)!.memoryPages, keptBytes });
    }
    return this.#states.get(before);
  }

  async #createSession(maximumPages: number, initialPages: number): Promise<SessionWorld> {
    return new SessionWorld(await this.#create(maximumPages, initialPages), this.#start);
  }

  #create(maximumPages: number, initialPages: number): Promise<World> {
    const { wasmModule, heapEndAt, guestSource, prelude, libraries } = this.#setup;
    return World.create({ wasmModule, heapEndAt, guestSource, prelude, libraries, maximumPages, initialPages, base: this.#base });
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
  return world.memoryBytes > 0.75 * maximumPages * PAGE;
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE);
}
