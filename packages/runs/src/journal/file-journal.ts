import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { MemoryJournal, type JournalCall, type JournalKey, type JournalTokens, type RolloutJournal, type TurnPlace } from "@retool-ts/rollout"; // prettier-ignore
import { callLine, decodeLine, encodeLine, tokensLine, tokensOf, type JournalLine } from "./journal-line.js";

/** Notices to the user when a journal is opened. */
export type JournalNotice = (text: string) => void;

/**
 * A journal of rollouts in a file that grows by lines. What it gives back is what the file held when it was opened; what it is given
 * goes straight to the file, where a process that is killed cannot take it along. Nothing waits for the disk: after a loss of power the
 * last lines may be gone.
 */
export class FileJournal implements RolloutJournal {
  readonly #kept: MemoryJournal;
  readonly #file: number;

  private constructor(path: string, kept: MemoryJournal) {
    this.#kept = kept;
    this.#file = openSync(path, "a");
  }

  /**
   * Opens a journal to go on with, or begins one. A line that a crash left incomplete is dropped. One of other weights or settings is
   * not used, and from a damaged line on neither; both with a notice.
   *
   * @param identity - of all that decides the rollouts, in one string
   */
  static open(path: string, identity: string, notice: JournalNotice): FileJournal {
    mkdirSync(dirname(path), { recursive: true });
    const kept = new MemoryJournal();
    const length = existsSync(path) ? readInto(kept, { path, identity, notice }) : 0;
    if (length > 0) truncateSync(path, length);
    else rmSync(path, { force: true });
    const journal = new FileJournal(path, kept);
    if (length === 0) journal.#write({ kind: "head", identity });
    return journal;
  }

  turn(key: JournalKey, turn: number) {
    return this.#kept.turn(key, turn);
  }

  addTokens(key: JournalKey, place: TurnPlace, from: number, tokens: JournalTokens): void {
    this.#write(tokensLine(key, place, from, tokens));
  }

  outcome(key: JournalKey, call: Omit<JournalCall, "outcome">, options: { readonly pure: boolean }) {
    return this.#kept.outcome(key, call, options);
  }

  addOutcome(key: JournalKey, call: JournalCall): void {
    this.#write(callLine(key, call));
  }

  /** The file stays. */
  close(): void {
    closeSync(this.#file);
  }

  #write(line: JournalLine): void {
    writeSync(this.#file, encodeLine(line));
  }
}

interface KnownJournal {
  readonly path: string;
  readonly identity: string;
  readonly notice: JournalNotice;
}

/** Reads what can be used; returns how many bytes of the file that is. */
function readInto(kept: MemoryJournal, { path, identity, notice }: KnownJournal): number {
  const bytes = readFileSync(path);
  const rollouts = new Set<string>();
  let begin = 0;
  for (let end = bytes.indexOf("\n"); end >= 0; end = bytes.indexOf("\n", begin)) {
    const line = decodeLine(bytes.subarray(begin, end).toString("utf8"));
    if (line === undefined || (line.kind === "head") !== (begin === 0)) {
      notice(`${path} is damaged at byte ${begin}: what follows is sampled anew`);
      break;
    }
    if (line.kind === "head" && line.identity !== identity) {
      notice(`${path} is of other weights or settings: its rollouts are sampled anew`);
      return 0;
    }
    take(kept, line);
    if (line.kind !== "head") rollouts.add(JSON.stringify([line.problemId, line.sampleIndex]));
    begin = end + 1;
  }
  if (rollouts.size > 0) notice(`going on with ${rollouts.size} rollouts in ${path}`);
  return begin;
}

function take(kept: MemoryJournal, line: JournalLine): void {
  switch (line.kind) {
    case "head":
      return;
    case "tokens":
      return kept.addTokens(line, { turn: line.turn, position: line.position, digest: line.digest }, line.from, tokensOf(line));
    case "call":
      return kept.addOutcome(line, { callIndex: line.callIndex, tool: line.tool, input: line.input, outcome: line.outcome });
  }
}
