import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { NATIVE } from "../test/backends.js";
import { chooseBackend, WASM_BELOW } from "./choose-backend.js";

test("auto takes wasm for a small model, and for a large one native TensorFlow where it loads", async () => {
  expect(await chooseBackend("auto", WASM_BELOW - 1)).toEqual({
    name: "wasm",
    reason: "faster for 499,999 parameters, fewer than 500,000",
  });
  expect(tf.getBackend()).toBe("wasm");
  const large = await chooseBackend("auto", WASM_BELOW);
  expect(large.name).toBe(NATIVE ?? "wasm");
  expect(large.reason).toBe(NATIVE === undefined ? "no native TensorFlow is here" : "faster for 500,000 parameters");
});

test("one that is asked for is taken whatever the model's size", async () => {
  expect(await chooseBackend("cpu", 100)).toEqual({ name: "cpu", reason: "as asked for" });
  expect(await chooseBackend("wasm", 1e9)).toEqual({ name: "wasm", reason: "as asked for" });
});
