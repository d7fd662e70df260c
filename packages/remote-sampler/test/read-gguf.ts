import { readFile } from "node:fs/promises";

/** Tensors of a GGUF file of 32-bit floats, by the format's description; shapes have the fastest axis first. */
export async function readGgufTensors(path: string): Promise<Map<string, { readonly shape: number[]; readonly values: Float32Array }>> {
  const bytes = await readFile(path);
  let at = 8;
  const word = () => bytes.readUInt32LE((at += 4) - 4);
  const long = () => Number(bytes.readBigUInt64LE((at += 8) - 8));
  const text = () => bytes.toString("utf8", at + 8, (at += 8 + Number(bytes.readBigUInt64LE(at))));
  const count = long();
  let alignment = 32;
  for (let left = long(); left > 0; left--) {
    const key = text();
    const type = word();
    if (type === 8) text();
    else if (type === 4 && key === "general.alignment") alignment = word();
    else if (type === 4 || type === 6) word();
    else throw new Error(`${key}: type ${type}`);
  }
  const infos = Array.from({ length: count }, () => {
    const name = text();
    const shape = Array.from({ length: word() }, long);
    return { name, shape, type: word(), offset: long() };
  });
  const start = Math.ceil(at / alignment) * alignment;
  return new Map(
    infos.map(({ name, shape, type, offset }) => {
      if (type !== 0 || offset % alignment !== 0) throw new Error(`${name}: type ${type} at ${offset}`);
      const length = shape.reduce((product, size) => product * size, 1);
      const values = Float32Array.from({ length }, (_, i) => bytes.readFloatLE(start + offset + 4 * i));
      return [name, { shape, values }];
    }),
  );
}
