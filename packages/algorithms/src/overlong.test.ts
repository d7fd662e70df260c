import { expect, test } from "vitest";
import { overlongPenalty } from "./overlong.js";

test.each([
  [0, 0],
  [80, 0], // 100 − 20: where the buffer begins
  [90, -0.5], // half of the buffer
  [100, -1],
  [110, -1.5],
])("length %d of 100 with a buffer of 20 costs %d", (length, expected) => {
  expect(overlongPenalty(length, { maxLength: 100, bufferLength: 20 })).toBe(expected);
  expect(overlongPenalty(length, { maxLength: 100, bufferLength: 20, factor: 2 })).toBe(expected * 2);
});
