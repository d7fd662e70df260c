/** Limits of a memory in WebAssembly's binary format: with a most, of one program's own or shared among threads. */
const [OWN, SHARED] = [1, 3];
const MEMORY_SECTION = 5;
/** "env", "memory", and the kind of an import that is a memory. */
const IMPORT = [3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2];

/** Whether threads can share a memory. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer;
}

/** A program whose own memory is made to be shared; nothing else of it changes. Undefined where it has no memory with a most. */
export function withSharedMemory(program: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const start = sectionStart(program, MEMORY_SECTION);
  if (start === undefined || program[start] !== 1 || program[start + 1] !== OWN) return undefined;
  const changed = Uint8Array.from(program);
  changed[start + 1] = SHARED;
  return changed;
}

/** A program that imports `env.memory` as a shared one, which is made to take one that is not. */
export function withOwnMemory(program: Uint8Array): Uint8Array<ArrayBuffer> {
  const changed = Uint8Array.from(program);
  const place = changed.findIndex((_, at) => IMPORT.every((byte, i) => changed[at + i] === byte));
  if (place >= 0) changed[place + IMPORT.length] = OWN;
  return changed;
}

function sectionStart(program: Uint8Array, wanted: number): number | undefined {
  for (let offset = 8; offset < program.length;) {
    const id = program[offset++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = program[offset++]!;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (id === wanted) return offset;
    offset += size;
  }
  return undefined;
}
