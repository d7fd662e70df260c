import { ProgressBar, type Progress, type ProgressStream } from "./progress-bar.js";
import { StatusLine } from "./status-line.js";

/** Tells a person what is going on, on stderr; results for programs go to stdout and never through here. */
export interface Reporter {
  say(line: string): void;
  /** Opens a stage: what happens now, and why. */
  step(title: string, why: string): void;
  /**
   * Follows work of a known size; it shows only once it has taken two seconds.
   *
   * @param start - how much of the total was done before, as when a run is resumed.
   */
  progress(label: string, total: number, start?: number): Progress;
  /** Opens a line that says how work without an end goes. It is shown on a terminal alone. */
  status(): Status;
  /** Takes an unfinished bar or status off the terminal, before a last message. */
  close(): void;
}

/** A line on a terminal that is written over. */
export interface Status {
  update(text: string): void;
  /** Takes it off. */
  done(): void;
}

/** Something drawn under the lines, which makes way for them. */
interface Drawn {
  draw(): void;
  erase(): void;
}

export interface ReporterOptions {
  readonly stream?: ProgressStream;
  /** Asked at every line, for the option is read after the reporter is made. */
  readonly quiet?: () => boolean;
  /** Milliseconds. */
  readonly now?: () => number;
  readonly color?: boolean;
}

export function createReporter({
  stream = process.stderr,
  quiet = () => false,
  now = () => performance.now(),
  color = hasColor(stream),
}: ReporterOptions = {}): Reporter {
  let active: Drawn | undefined;
  const say = (line: string) => {
    if (quiet()) return;
    active?.erase();
    stream.write(`${line}\n`);
    active?.draw();
  };
  return {
    say,
    step(title, why) {
      say(`\n${color ? `\u001b[1m${title}\u001b[22m` : title}\n  ${why}`);
    },
    progress(label, total, start = 0) {
      if (quiet()) return { update() {}, done() {} };
      const bar = new ProgressBar(label, { total, start, stream, now });
      const outer = active;
      outer?.erase();
      active = bar;
      return {
        update: (done, note) => bar.update(done, note),
        done(note) {
          bar.done(note);
          if (active === bar) active = outer;
          active?.draw();
        },
      };
    },
    status() {
      if (quiet() || stream.isTTY !== true) return { update() {}, done() {} };
      const line = new StatusLine(stream);
      const outer = active;
      outer?.erase();
      active = line;
      return {
        update: (text) => line.update(text),
        done() {
          line.done();
          if (active === line) active = outer;
          active?.draw();
        },
      };
    },
    close() {
      active?.erase();
      active = undefined;
    },
  };
}

/** True where text on a stream may be coloured: on a terminal, unless NO_COLOR is set (https://no-color.org). */
export function hasColor(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
}
