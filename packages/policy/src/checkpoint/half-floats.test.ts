import { describe, expect, test } from "vitest";
import { fromBrainFloats, fromHalfFloats, toBrainFloats, toHalfFloats } from "./half-floats.js";
import { decodeFloats } from "./safetensors.js";

test("as many as an embedding of 151,936 tokens has are widened and narrowed", () => {
  const count = 151_936 * 896; // more than a JavaScript list holds
  const bits = new Uint8Array(2 * count).fill(0x3f);
  const wide = decodeFloats(bits, "BF16", "test");
  expect([wide.length, wide.at(-1)]).toEqual([count, new Float32Array(Uint32Array.of(0x3f3f0000).buffer)[0]]);
  expect(toBrainFloats(wide).at(-1)).toBe(0x3f3f);
});

describe.each([
  ["float16", toHalfFloats, fromHalfFloats, 0x7c00],
  ["bfloat16", toBrainFloats, fromBrainFloats, 0x7f80],
] as const)("%s", (_, narrow, widen, infinity) => {
  const all = Uint16Array.from({ length: 2 ** 16 }, (__, bits) => bits);
  const wide = widen(all);

  test("numbers that it has stay as they are, to the bit", () => {
    narrow(wide).forEach((bits, i) => {
      if (Number.isNaN(wide[i]!)) expect(widen(Uint16Array.of(bits))[0]).toBeNaN();
      else expect(bits).toBe(i);
    });
  });

  test("numbers between two neighbours go to the nearer, those in the middle to the even one", () => {
    const between: number[] = [];
    const expected: number[] = [];
    for (let low = 0; low + 1 < infinity; low += 37) {
      const [a, b] = [wide[low]!, wide[low + 1]!];
      const even = low % 2 === 0 ? low : low + 1;
      // 24 bits of a 32-bit float hold each of these points exactly, but for the smallest bfloat16 numbers
      for (const [share, nearest] of [
        [0.25, low],
        [0.5, even],
        [0.75, low + 1],
        [0.498, low],
        [0.502, low + 1],
      ] as const) {
        const x = a + (b - a) * share;
        if (a < 1e-38 && share !== 0.5) continue;
        between.push(x, -x);
        expected.push(nearest, nearest | 0x8000);
      }
    }
    expect([...narrow(Float32Array.from(between))]).toEqual(expected);
  });
});

test("half precision ends at 65,504 and at 2⁻²⁴", () => {
  const bits = toHalfFloats(
    Float32Array.of(65_504, 65_519.996, 65_520, 1e10, -Infinity, 2 ** -24, 2 ** -25, 2 ** -25 * 1.001, -0, 2 ** -150),
  );
  expect([...bits]).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00, 1, 0, 1, 0x8000, 0]);
});
