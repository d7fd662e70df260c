import { describe, expect, test } from "vitest";
import { formatBytes, formatDuration } from "@retool-ts/report";
import { createReporter, hasColor } from "./log.js";
import { formatTable } from "./text-table.js";

function recordingStream(isTTY: boolean) {
  let text = "";
  return { isTTY, columns: 80, write: (part: string) => (text += part), read: () => text };
}

describe("progress", () => {
  test("away from a terminal: nothing for short work, then a line at most every ten seconds, without control characters", () => {
    let time = 0;
    const stream = recordingStream(false);
    const bar = createReporter({ stream, now: () => time }).progress("Rollouts", 100);
    for (; time < 25_000; time += 100) bar.update(Math.floor(time / 250), "reward 0.5");
    bar.done();
    expect(stream.read().split("\n")).toEqual([
      "  Rollouts   8%  8/100  4.0/s  23 s left  reward 0.5",
      "  Rollouts  48%  48/100  4.0/s  13 s left  reward 0.5",
      "  Rollouts  88%  88/100  4.0/s  3.0 s left  reward 0.5",
      "  Rollouts: done in 25 s, reward 0.5",
      "",
    ]);
  });

  test("work that ends within two seconds shows nothing", () => {
    let time = 0;
    const stream = recordingStream(true);
    const bar = createReporter({ stream, now: () => time }).progress("Rollouts", 10);
    for (; time < 1_900; time += 190) bar.update(time / 190);
    bar.done();
    expect(stream.read()).toBe("");
  });

  test("on a terminal a bar fits the width, and makes way for lines", () => {
    let time = 0;
    const stream = recordingStream(true);
    const reporter = createReporter({ stream, now: () => time });
    const bar = reporter.progress("Training", 10);
    time = 5_000;
    bar.update(5, "a note ".repeat(40));
    expect(stream.read()).toMatch(/^\r {2}Training █{12}░{12} {2}50% {2}5\/10 {2}1\.0\/s {2}5\.0 s left/);
    expect(stream.read().length).toBeLessThanOrEqual(80 + "\r\u001b[K".length);
    reporter.say("a line");
    expect(stream.read()).toContain("\r\u001b[Ka line\n\r  Training");
  });

  test("what was done before a resume does not count for the rate", () => {
    let time = 0;
    const stream = recordingStream(false);
    const bar = createReporter({ stream, now: () => time }).progress("Steps", 50, 40);
    time = 10_000;
    bar.update(45);
    expect(stream.read()).toBe("  Steps  90%  45/50  2.0 s each  10 s left\n");
  });

  test("quiet says nothing at all", () => {
    const stream = recordingStream(false);
    const reporter = createReporter({ stream, quiet: () => true });
    reporter.say("line");
    reporter.step("title", "why");
    reporter.progress("label", 1).done("note");
    expect(stream.read()).toBe("");
  });
});

test("tables align text left and numbers right", () => {
  const table = formatTable([
    ["phase", "accuracy"],
    ["coldStart", "52.1 %"],
    ["final", "6 %"],
  ]);
  expect(table.split("\n")).toEqual(["  phase      accuracy", "  ─────────  ────────", "  coldStart    52.1 %", "  final           6 %"]);
});

test.each([
  [0, "0.0 s"],
  [9_940, "9.9 s"],
  [59_499, "59 s"],
  [59_500, "1 min 00 s"],
  [185_000, "3 min 05 s"],
  [7_620_000, "2 h 07 min"],
  [Number.NaN, "unknown"],
])("%d ms is %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("sizes", () => {
  expect([0, 1023, 1536, 120 * 2 ** 20, 3 * 2 ** 40].map(formatBytes)).toEqual(["0 B", "1023 B", "1.5 KiB", "120 MiB", "3.0 TiB"]);
});

test("colours need a terminal and no NO_COLOR", () => {
  expect(hasColor({ isTTY: true }, {})).toBe(true);
  expect(hasColor({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
  expect(hasColor({ isTTY: true }, { TERM: "dumb" })).toBe(false);
  expect(hasColor({}, {})).toBe(false);
});
