import { expect, test } from "vitest";
import { createReporter } from "../shell/log.js";
import { ServingProgress, showServing, type ServedCounts } from "./serving-progress.js";

const NOTHING: ServedCounts = { requests: 0, active: 0, waiting: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0 };

/** A server whose counts and clock a test sets. */
function server() {
  const state = { counts: NOTHING, time: 1_000 };
  const progress = new ServingProgress(
    () => state.counts,
    () => state.time,
  );
  return { state, progress };
}

function recordingStream(isTTY: boolean) {
  let text = "";
  return { isTTY, columns: 200, write: (part: string) => (text += part), read: () => text };
}

test("the line has requests, tokens, their rate since the last look and the cache's share", () => {
  const { state, progress } = server();
  expect(progress.line()).toBe("  0 requests, 0 at work  0 tokens, 0.0/s");
  state.time = 3_000;
  state.counts = { requests: 1, active: 1, waiting: 0, promptTokens: 100, cachedTokens: 0, completionTokens: 1 };
  expect(progress.line()).toBe("  1 request, 1 at work  1 token, 0.5/s, 0 % of prompts from the cache");
  state.time = 7_000;
  state.counts = { requests: 5, active: 4, waiting: 2, promptTokens: 400, cachedTokens: 300, completionTokens: 201 };
  expect(progress.line()).toBe("  5 requests, 4 at work, 2 waiting  201 tokens, 50.0/s, 75 % of prompts from the cache");
  state.time = 9_000;
  expect(progress.line()).toContain("201 tokens, 0.0/s");
});

test("the summary has all of it, or says that there was nothing", () => {
  const { state, progress } = server();
  state.time = 62_000;
  expect(progress.summary()).toBe("No request was served in 1 min 01 s.");
  state.counts = { requests: 5, active: 0, waiting: 0, promptTokens: 400, cachedTokens: 100, completionTokens: 201 };
  expect(progress.summary()).toBe("Served 5 requests in 1 min 01 s: 400 tokens read, 201 written, 25 % of prompts from the cache.");
});

test("a terminal shows the line at once, under what is said, and is left clean", () => {
  const { progress } = server();
  const stream = recordingStream(true);
  const reporter = createReporter({ stream });
  const stop = showServing(progress, reporter.status());
  expect(stream.read()).toBe("\r  0 requests, 0 at work  0 tokens, 0.0/s\u001b[K");
  reporter.say("a line");
  expect(stream.read()).toContain("\u001b[K\r\u001b[Ka line\n\r  0 requests");
  stop();
  expect(stream.read().endsWith("\r\u001b[K")).toBe(true);
  const shown = stream.read();
  reporter.say("the end");
  expect(stream.read()).toBe(`${shown}the end\n`);
});

test.each([
  ["away from a terminal", recordingStream(false), false],
  ["when quiet", recordingStream(true), true],
])("no line is shown %s", (_, stream, isQuiet) => {
  const { progress } = server();
  showServing(progress, createReporter({ stream, quiet: () => isQuiet }).status())();
  expect(stream.read()).toBe("");
});
