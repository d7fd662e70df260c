import * as tf from "@tensorflow/tfjs-core";
import { afterEach, expect, test } from "vitest";
import { useBackend } from "./backend.js";
import { roomForCopies, roomForLogits } from "./memory-room.js";
import "./node.js";
import { currentPlatform, providePlatform } from "./platform.js";

const platform = currentPlatform()!;
afterEach(() => providePlatform(platform));
const withFree = (bytes: number) => providePlatform({ ...platform, freeBytes: () => bytes });

test("a quarter of the free memory may hold logits", async () => {
  await useBackend("cpu");
  withFree(1600);
  expect(roomForLogits()).toBe(100);
  withFree(0);
  expect(roomForLogits()).toBe(0);
  providePlatform(platform);
  expect(roomForLogits()).toBeGreaterThan(0);
});

test("on wasm they stay within the first half of its 4 GiB", async () => {
  await useBackend("wasm");
  withFree(2 ** 40);
  expect(roomForLogits()).toBe(Math.floor((2 ** 31 - tf.memory().numBytes) / 16));
  withFree(1600);
  expect(roomForLogits()).toBe(100);
});

test("half of what would be free without them may hold copies", async () => {
  await useBackend("cpu");
  withFree(1600);
  expect(roomForCopies(0)).toBe(200);
  expect(roomForCopies(600)).toBe(500);
  withFree(-400);
  expect(roomForCopies(600)).toBeLessThan(600);
});
