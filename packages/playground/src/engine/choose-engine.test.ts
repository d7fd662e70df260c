import { expect, test } from "vitest";
import { chooseEngine, type Comparison } from "./choose-engine.js";

const found = (wasm: number, webgpu: number, disagreement?: string) => async (): Promise<Comparison> => ({
  stepMs: { wasm, webgpu },
  disagreement,
});

test.each([
  [600, 210, { engine: "webgpu", reason: "WebGPU 210 ms for a trial step, WebAssembly 600 ms." }],
  [600, 915.4, { engine: "wasm", reason: "WebAssembly 600 ms for a trial step, WebGPU 915 ms." }],
  [600, 600, { engine: "wasm", reason: "WebAssembly 600 ms for a trial step, WebGPU 600 ms." }],
] as const)("of %i ms on WebAssembly and %i ms on WebGPU the faster is taken, and its times are told", async (wasm, webgpu, choice) => {
  expect(await chooseEngine("auto", found(wasm, webgpu))).toEqual(choice);
});

test("the address can ask for either: WebAssembly without any trial, WebGPU even where it is slower", async () => {
  const never = () => Promise.reject(new Error("tried"));
  expect(await chooseEngine("wasm", never)).toEqual({ engine: "wasm", reason: "The address asks for it." });
  expect(await chooseEngine("webgpu", found(600, 915))).toEqual({
    engine: "webgpu",
    reason: "The address asks for it. WebAssembly 600 ms for a trial step, WebGPU 915 ms.",
  });
});

test.each(["auto", "webgpu"] as const)(
  "%s: results that differ, a refusal and a failure end on WebAssembly, with the reason",
  async (wish) => {
    expect(await chooseEngine(wish, found(600, 10, "the loss is no number instead of 1"))).toEqual({
      engine: "wasm",
      reason: "WebGPU computed something else here: the loss is no number instead of 1.",
    });
    expect(await chooseEngine(wish, async () => ({ refusal: "this browser has no WebGPU" }))).toEqual({
      engine: "wasm",
      reason: "This browser has no WebGPU.",
    });
    expect(await chooseEngine(wish, () => Promise.reject(new Error("Failed to fetch the module")))).toEqual({
      engine: "wasm",
      reason: "WebGPU failed: Failed to fetch the module.",
    });
  },
);
