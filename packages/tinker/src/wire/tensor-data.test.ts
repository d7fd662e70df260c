import fc from "fast-check";
import { expect, test } from "vitest";
import { type DType, tensorBytes, tensorNumbers } from "./tensor-data.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("tensors are little-endian", () => {
  expect(hex(tensorBytes([1, -2], "float32"))).toBe("0000803f000000c0");
  expect(hex(tensorBytes([258, -1], "int32"))).toBe("02010000ffffffff");
  expect(hex(tensorBytes([258, -1, 2 ** 33 + 1], "int64"))).toBe("0201000000000000ffffffffffffffff0100000002000000");
  // bfloat16 is the upper half: 1 = 3f80; 1 + 2^-8 lies between two and goes to the even 3f80; 1 + 3 · 2^-8 to 3f82.
  expect(hex(tensorBytes([1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, NaN], "bfloat16"))).toBe("803f803f823fc07f");
});

test("numbers come back as they were", () => {
  const survives = (dtype: DType) => (values: number[]) => {
    expect([...tensorNumbers(tensorBytes(values, dtype), dtype)]).toEqual(values);
  };
  fc.assert(fc.property(fc.array(fc.float()), survives("float32")));
  fc.assert(fc.property(fc.array(fc.integer()), survives("int32")));
  fc.assert(fc.property(fc.array(fc.maxSafeInteger().map((value) => value + 0)), survives("int64")));
  expect([...tensorNumbers(Uint8Array.of(0x80, 0x3f, 0, 0xc0), "bfloat16")]).toEqual([1, -2]);
});

test("bytes that end within an element and integers beyond a double are refused", () => {
  expect(() => tensorNumbers(new Uint8Array(7), "float32")).toThrow(/7 bytes/);
  expect(() => tensorNumbers(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x7f), "int64")).toThrow(/does not fit/);
});

test("bytes that begin anywhere in their buffer are read", () => {
  const bytes = new Uint8Array(9);
  bytes.set(tensorBytes([0.5, 2], "float32"), 1);
  expect([...tensorNumbers(bytes.subarray(1), "float32")]).toEqual([0.5, 2]);
});
