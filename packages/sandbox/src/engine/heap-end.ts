import { skipOperands } from "./wasm-instructions.js";
import { WasmReader } from "./wasm-reader.js";

const CODE_SECTION = 10;
const OP = { load: 0x28, memorySize: 0x3f, constant: 0x41 } as const;

/**
 * The address of the word in which an engine keeps the end of its heap; undefined when it cannot be told. Emscripten exports no way to ask
 * its `sbrk`, but that is the one function that asks for the memory's size and loads a word from a constant address.
 */
export function heapEndAddress(module: Uint8Array): number | undefined {
  const found = new Set<number>();
  const reader = new WasmReader(module, 8);
  while (reader.at < module.length) {
    const id = reader.byte();
    const end = reader.u32() + reader.at;
    for (let count = id === CODE_SECTION ? reader.u32() : 0; count > 0; count--) {
      const bodyEnd = reader.u32() + reader.at;
      for (const address of wordsLoaded(reader, bodyEnd)) found.add(address);
    }
    reader.at = end;
  }
  return found.size === 1 ? [...found][0] : undefined;
}

/** Constant addresses that a function loads a word from, if it asks for the memory's size. */
function wordsLoaded(reader: WasmReader, end: number): readonly number[] {
  for (let groups = reader.u32(); groups > 0; groups--) reader.skipNumbers(2);
  const loaded: number[] = [];
  let asks = false;
  let constant: number | undefined;
  while (reader.at < end) {
    const opcode = reader.byte();
    const operands = new WasmReader(reader.bytes, reader.at);
    if (opcode === OP.load && constant !== undefined) {
      operands.skipNumber(); // alignment
      loaded.push(constant + operands.u32());
    }
    constant = opcode === OP.constant ? operands.u32() : undefined;
    asks ||= opcode === OP.memorySize;
    skipOperands(reader, opcode);
  }
  return asks ? loaded : [];
}
