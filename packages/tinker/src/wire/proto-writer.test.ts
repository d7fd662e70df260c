import fc from "fast-check";
import { expect, test } from "vitest";
import { allBytes, bytesOf, integersOf, numberOf, readFields, textOf } from "./proto-reader.js";
import { ProtoWriter } from "./proto-writer.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

test("a message has the bytes of protobuf's documentation", () => {
  // https://protobuf.dev/programming-guides/encoding: 150 in field 1; "testing" in field 2; the first of them as message in field 3; packed 3, 270, 86942 in 6.
  expect(hex(new ProtoWriter().int(1, 150).bytes())).toBe("089601");
  expect(hex(new ProtoWriter().string(2, "testing").bytes())).toBe("120774657374696e67");
  expect(hex(new ProtoWriter().message(3, (inner) => void inner.int(1, 150)).bytes())).toBe("1a03089601");
  expect(hex(new ProtoWriter().packed(6, [3, 270, 86942]).bytes())).toBe("3206038e029ea705");
});

test("negative integers have ten bytes, doubles are little-endian, and zero is left out", () => {
  expect(hex(new ProtoWriter().int(1, -1).bytes())).toBe("08ffffffffffffffffff01");
  expect(hex(new ProtoWriter().int(1, -2).bytes())).toBe("08feffffffffffffffff01");
  // 1.28 = 0x3ff47ae147ae147b.
  expect(hex(new ProtoWriter().double(2, 1.28).bytes())).toBe("117b14ae47e17af43f");
  expect(hex(new ProtoWriter().int(1, 0).bytes())).toBe("");
  expect(hex(new ProtoWriter().int(1, 0, true).bytes())).toBe("0800");
});

test("integers up to 2^53 come back as they were", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const fields = readFields(new ProtoWriter().int(7, value).packed(8, [value, -value]).bytes());
      expect(numberOf(fields, 7)).toBe(value);
      expect(integersOf(fields, 8)).toEqual([value, 0 - value]);
    }),
  );
});

test("the last of a single field counts, unknown fields are passed over, and absent ones have their default", () => {
  const fields = readFields(new ProtoWriter().string(1, "a").int(9, 4).string(1, "b").double(2, 0.5).bytes());
  expect([textOf(fields, 1), numberOf(fields, 2), numberOf(fields, 3), textOf(fields, 4)]).toEqual(["b", 0.5, 0, ""]);
  expect(allBytes(fields, 1)).toHaveLength(2);
  expect(bytesOf(fields, 5)).toBeUndefined();
});

test("a float of 32 bits and repeated integers without packing are read", () => {
  // Field 2 of type 5: 0.5 = 0x3f000000. Fields 4 of type 0: 1 and 300.
  const fields = readFields(bytes("150000003f2001" + "20ac02"));
  expect([numberOf(fields, 2), integersOf(fields, 4)]).toEqual([0.5, [1, 300]]);
});

test.each([
  ["a length beyond the end", "0a05ff", /ends in the middle/],
  ["an integer without its end", "0880", /ends in the middle/],
  ["an integer of eleven bytes", "08ffffffffffffffffffff01", /longer than 10 bytes/],
  ["a double cut short", "0900", /ends in the middle/],
  ["a group", "0b", /wire type 3/],
  ["field 0", "0001", /number 0/],
  ["a negative length", "0affffffffffffffffff01", /ends in the middle/],
])("%s is refused", (_, message, reason) => {
  expect(() => readFields(bytes(message))).toThrow(reason);
});

test("a field of the other kind and text that is no UTF-8 are refused", () => {
  const fields = readFields(new ProtoWriter().int(1, 1).blob(2, Uint8Array.of(0xff)).bytes());
  expect(() => textOf(fields, 1)).toThrow(/number, not bytes/);
  expect(() => numberOf(fields, 2)).toThrow(/no number/);
  expect(() => textOf(fields, 2)).toThrow(/no UTF-8/);
});
