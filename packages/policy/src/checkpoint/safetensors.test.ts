import { InputError } from "@retool-ts/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSafetensors, serializeSafetensors } from "../../test/safetensors-bytes.js";

/** A file with this header text, byte for byte, and this many bytes of data. */
function file(header: string, data: number | Uint8Array = 0, length = header.length): Uint8Array {
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + header.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  bytes.set(body, 8 + header.length);
  return bytes;
}
const entry = (dtype: string, shape: number[], start: number, end: number) => JSON.stringify({ dtype, shape, data_offsets: [start, end] });

describe("serializeSafetensors", () => {
  test("the bytes of a small file", () => {
    const tensors = new Map([
      ["b", { shape: [], values: Float32Array.of(1) }],
      ["a", { shape: [2, 1], values: Float32Array.of(2, -0) }],
    ]);
    const bytes = serializeSafetensors(tensors, { format: "pt" });
    const json = `{"__metadata__":{"format":"pt"},"a":${entry("F32", [2, 1], 0, 8)},"b":${entry("F32", [], 8, 12)}}`;
    const padded = json.padEnd(Math.ceil(json.length / 8) * 8);
    const data = new Uint8Array(Float32Array.of(2, -0, 1).buffer);
    expect(bytes).toEqual(file(padded, data));
  });

  test("reading gives what was written, to the bit", () => {
    const tensor = fc
      .array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 })
      .chain((shape) =>
        fc
          .float32Array({ minLength: shape.reduce((a, b) => a * b, 1), maxLength: shape.reduce((a, b) => a * b, 1), noNaN: true })
          .map((values) => ({ shape, values })),
      );
    const name = fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }).filter((text) => text !== "__metadata__");
    fc.assert(
      fc.property(
        fc.dictionary(name, tensor),
        fc.dictionary(name, fc.string()),
        fc.integer({ min: 0, max: 7 }),
        (tensors, metadata, shift) => {
          const bytes = serializeSafetensors(new Map(Object.entries(tensors)), metadata);
          const shifted = new Uint8Array(bytes.length + shift); // files need not be aligned in memory
          shifted.set(bytes, shift);
          const read = parseSafetensors(shifted.subarray(shift));
          expect(Object.fromEntries(read.tensors)).toEqual({ ...tensors });
          expect(read.metadata).toEqual({ ...metadata });
          return (new DataView(bytes.buffer).getUint32(0, true) + 8) % 8 === 0;
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a name twice, or the name of the metadata, is refused", () => {
    expect(() => serializeSafetensors(new Map([["__metadata__", { shape: [1], values: Float32Array.of(1) }]]))).toThrow(InputError);
  });
});

describe("parseSafetensors", () => {
  test("half and bfloat16 become 32-bit floats", () => {
    // 1, −2, 65504 (largest), 2⁻²⁴ (smallest), 0.333 (nearest), ∞
    const halves = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x3555, 0x7c00).buffer);
    const half = parseSafetensors(file(`{"x":${entry("F16", [6], 0, 12)}}`, halves)).tensors.get("x")!.values;
    expect([...half]).toEqual([1, -2, 65504, 2 ** -24, 0.333251953125, Infinity]);
    const brains = new Uint8Array(Uint16Array.of(0x3f80, 0xc000, 0x3eab, 0x0000, 0xff80).buffer);
    const brain = parseSafetensors(file(`{"x":${entry("BF16", [5], 0, 10)} }`, brains)).tensors.get("x")!.values;
    expect([...brain]).toEqual([1, -2, 0.333984375, 0, -Infinity]);
  });

  const good = entry("F32", [1], 0, 4);
  const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["an empty file", new Uint8Array(0), /length field of 8 bytes, found 0/],
    ["a header longer than the file", file("{}", 0, 100), /at least 108 bytes.*truncated/],
    ["a header of over 100 MB", file("{}", 0, 100_000_001), /at most 100000000 bytes/],
    ["a length that no number holds", Uint8Array.from({ length: 16 }, () => 255), /at most 100000000 bytes/],
    ["a header that is not JSON", file("{x}"), /header in JSON/],
    ["a header that is no object", file("[]"), /JSON object/],
    ["a header that is not UTF-8", file("{}", 0).map((byte, i) => (i === 8 ? 0xff : byte)), /UTF-8/],
    ["a tensor name twice", file(`{"a":${good},"a":${good}}`, 4), /same name twice/],
    ["a field twice", file(`{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), /same name twice/],
    [
      "an unknown field",
      file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, 4),
      /tensor a: expected dtype, shape and data_offsets/,
    ],
    ["an unknown dtype", file(`{"a":${entry("F12", [1], 0, 4)}}`, 4), /tensor a: expected a known dtype, found F12/],
    ["a dtype that is not read", file(`{"a":${entry("I64", [1], 0, 8)}}`, 8), /tensor a: expected dtype F32, F16 or BF16, found I64/],
    ["a shape that does not fit", file(`{"a":${entry("F32", [2], 0, 4)}}`, 4), /tensor a: expected 8 bytes for F32 \[2\], found 4 bytes/],
    ["a negative size", file(`{"a":${entry("F32", [-1], 0, 4)}}`, 4), /tensor a/],
    ["a shape beyond all numbers", file(`{"a":${entry("F32", [2 ** 40, 2 ** 40], 0, 4)}}`, 4), /tensor a: expected 4\.8.*e\+24 bytes/],
    ["offsets backwards", file(`{"a":${entry("F32", [1], 4, 0)}}`, 4), /tensor a: expected 4 bytes .* found -4/],
    ["an overlap", file(`{"a":${good},"b":${entry("F32", [1], 2, 6)}}`, 6), /tensor b: .* an overlap/],
    ["a hole", file(`{"a":${good},"b":${entry("F32", [1], 8, 12)}}`, 12), /tensor b: .* a gap/],
    ["bytes after the last tensor", file(`{"a":${good}}`, 8), /where the last tensor ends/],
    ["data cut short", file(`{"a":${good}}`, 3), /tensor a: .*truncated/],
    ["a header nested a million levels deep", file(`{"a":${"[".repeat(1e6)}${"]".repeat(1e6)}}`), /a header of at most 3 levels/],
    ["metadata nested deep", file(`{"__metadata__":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}`), /a header of at most 3 levels/],
    ["brackets that never end", file("[".repeat(100_000)), /a header of at most 3 levels/],
    ["metadata that is not text", file(`{"__metadata__":{"a":1}}`), /__metadata__: expected an object of strings/],
  ];
  test.each(refused)("%s is refused", (_, bytes, message) => {
    const read = () => parseSafetensors(bytes, "x.safetensors");
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
    expect(read).toThrow(/x\.safetensors/);
  });

  test("a message has the beginning of a name of a megabyte", () => {
    const read = () => parseSafetensors(file(`{"${"a".repeat(1e6)}":${entry("F12", [1], 0, 4)}}`, 4), "x.safetensors");
    expect(read).toThrow(/^safetensors file: x\.safetensors: tensor a{100}…: expected a known dtype, found F12\. [^]{1,60}$/);
  });

  test("a value of a million escaped quotes is text", () => {
    const note = '"\\:'.repeat(1e6);
    expect(parseSafetensors(serializeSafetensors(new Map(), { note })).metadata).toEqual({ note });
  });

  test("braces, colons and quotes in names and values do not pass for keys", () => {
    const tensors = new Map([['a":{"b"\\', { shape: [1], values: Float32Array.of(1) }]]);
    const metadata = { note: '{"x": 1, "x": 2}' };
    expect(parseSafetensors(serializeSafetensors(tensors, metadata))).toEqual({ tensors, metadata });
  });
});
