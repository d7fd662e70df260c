/** Layout of the module's memory, from its base: a `PyModuleDef`, two `PyMethodDef`s and their end, names. */
const DEFINITION = 0;
const METHODS = 64;
const NAMES = { spinner: 112, forever: 120, answer: 128 } as const;
const BYTES = 136;

const I32 = 0x7f;
const NO_ARGUMENTS = 4;
const API_VERSION = 1013;

/**
 * The code of a Python module `spinner` as a linker for WebAssembly would make it: `answer()` gives 42, `forever()` never returns. It has
 * no globals of its own.
 *
 * @param first - instructions with which the function begins that makes the module
 */
export function spinnerModule(first: readonly number[] = []): Uint8Array {
  const [create, fromLong, init] = [0, 1, 2];
  const [memoryBase, tableBase] = [0, 1];
  const pointer = (at: number, base: number, offset: number): number[] => [
    // The base, base + offset, i32.store.
    0x23,
    memoryBase,
    0x23,
    base,
    0x41,
    ...signed(offset),
    0x6a,
    0x36,
    2,
    ...unsigned(at), // prettier-ignore
  ];
  return Uint8Array.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0, // prettier-ignore
    ...section(0, [...text("dylink.0"), ...sub(1, [...unsigned(BYTES), 2, 2, 0])]),
    ...section(1, list([[0x60, 2, I32, I32, 1, I32], [0x60, 1, I32, 1, I32], [0x60, 0, 1, I32]])), // prettier-ignore
    ...section(
      2,
      list([
        imported("PyModule_Create2", 0, 0),
        imported("PyLong_FromLong", 0, 1),
        imported("memory", 2, 0, 0),
        imported("__indirect_function_table", 1, 0x70, 0, 0),
        imported("__memory_base", 3, I32, 0),
        imported("__table_base", 3, I32, 0),
      ]),
    ),
    ...section(3, list([[2], [0], [0]])),
    ...section(7, list([[...text("PyInit_spinner"), 0, init]])),
    ...section(9, list([[0, 0x23, tableBase, 0x0b, ...list([[init + 1], [init + 2]])]])),
    ...section(
      10,
      list([
        body(
          ...first,
          ...pointer(DEFINITION + 20, memoryBase, NAMES.spinner),
          ...pointer(DEFINITION + 32, memoryBase, METHODS),
          ...pointer(METHODS, memoryBase, NAMES.forever),
          ...pointer(METHODS + 4, tableBase, 0),
          ...pointer(METHODS + 16, memoryBase, NAMES.answer),
          ...pointer(METHODS + 20, tableBase, 1),
          0x23,
          memoryBase,
          0x41,
          ...signed(API_VERSION),
          0x10,
          create, // prettier-ignore
        ),
        body(0x03, 0x40, 0x0c, 0, 0x0b, 0), // loop, br 0, end, unreachable
        body(0x41, 42, 0x10, fromLong),
      ]),
    ),
    ...section(11, list([[0, 0x23, memoryBase, 0x0b, ...unsigned(BYTES), ...data()]])),
  ]);
}

function data(): Uint8Array {
  const bytes = Buffer.alloc(BYTES);
  bytes.writeInt32LE(0x3fff_ffff, DEFINITION); // counted for ever
  bytes.writeInt32LE(-1, DEFINITION + 28);
  for (const method of [METHODS, METHODS + 16]) bytes.writeInt32LE(NO_ARGUMENTS, method + 8);
  for (const [name, at] of Object.entries(NAMES)) bytes.write(name, at, "latin1");
  return bytes;
}

const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
const sub = section;
const list = (entries: readonly (readonly number[])[]): number[] => [...unsigned(entries.length), ...entries.flat()];
const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
const imported = (name: string, ...kind: readonly number[]): number[] => [...text("env"), ...text(name), ...kind];

function body(...code: readonly number[]): number[] {
  return [...unsigned(code.length + 2), 0, ...code, 0x0b];
}

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >>> 7)];
}
