import { expect, test } from "vitest";
import { adapterRefusal } from "./adapter.js";

test("a browser without WebGPU, or without an adapter, has nothing to try", () => {
  expect(adapterRefusal(undefined, true)).toBe("this browser has no WebGPU");
  expect(adapterRefusal(null, true)).toBe("WebGPU finds no graphics card here");
});

test.each([
  { info: { vendor: "google", architecture: "swiftshader", description: "SwiftShader Device" } },
  { info: { vendor: "mesa", description: "llvmpipe (LLVM 17.0.6, 256 bits)" } },
  { info: { vendor: "microsoft", description: "Microsoft Basic Render Driver" } },
  { info: { vendor: "intel", isFallbackAdapter: true } },
  { isFallbackAdapter: true },
])("an adapter that the processor computes is refused, unless a test asks for it: %j", (adapter) => {
  expect(adapterRefusal(adapter, false)).toMatch(/^WebGPU is there, but without a graphics card: the processor computes it \(.+\)$/);
  expect(adapterRefusal(adapter, true)).toBeUndefined();
});

test.each([
  { info: { vendor: "nvidia", architecture: "ampere" } },
  { info: { vendor: "apple", architecture: "metal-3", isFallbackAdapter: false } },
  { info: { vendor: "intel", architecture: "gen-12lp", device: "", description: "" } },
  {},
])("a graphics card is tried: %j", (adapter) => {
  expect(adapterRefusal(adapter, false)).toBeUndefined();
});
