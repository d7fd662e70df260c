import { BULK, OP, skipOperands } from "./wasm-instructions.js";
import { leb, WasmReader, WasmWriter } from "./wasm-reader.js";

/** Export of a metered module: work that is left, an `i64` that may be set. The module traps when it is below zero. */
export const WORK_LEFT = "workLeft";

/** Options of {@link meteredModule}. */
export interface MeteredModuleOptions {
  /** Work of a call that leaves the module; a turn of a loop and a call inside are 1. */
  readonly importWork: number;
}

/** Bytes that a bulk copy moves for one unit of work, as a power of two. */
const BYTES_PER_WORK_LOG2 = 4;

/** Work that is left at first, 2⁶² in signed LEB128: the module may begin with work of its own. */
const FIRST_WORK = [128, 128, 128, 128, 128, 128, 128, 128, 192, 0];

const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;
const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
const I32 = 0x7f;
const I64 = 0x7e;

/** As much of a module as its code refers to. */
interface Declarations {
  /** Number of parameters of each type. */
  readonly parameters: number[];
  /** Type of each function of the module's own. */
  readonly types: number[];
  importedFunctions: number;
  importedGlobals: number;
  /** Index of the global that is added. */
  meter: number;
  readonly importWork: number;
}

/**
 * Gives a module a counter of its work: each turn of a loop, each call and each 16 bytes of a bulk copy lower the exported global
 * {@link WORK_LEFT}, and a turn or a call that finds it below zero traps. So whatever runs inside is counted and ends, also where the
 * engine never asks whether it should; and equal runs count the same on every machine.
 *
 * @param bytes - a module as Emscripten writes it. Throws when it holds instructions that are not known.
 */
export function meteredModule(bytes: Uint8Array, { importWork }: MeteredModuleOptions): Uint8Array<ArrayBuffer> {
  const reader = new WasmReader(bytes, 8);
  const output = new WasmWriter(Math.ceil(bytes.length * 1.6)).copy(bytes, 0, 8);
  const known: Declarations = { parameters: [], types: [], importedFunctions: 0, importedGlobals: 0, meter: -1, importWork };
  while (reader.at < bytes.length) {
    const sectionAt = reader.at;
    const id = reader.byte();
    const length = reader.u32();
    const end = reader.at + length;
    /** The section with one more entry. */
    const extended = (count: number, ...entry: readonly number[]): WasmWriter =>
      new WasmWriter(length + 64)
        .push(...leb(count + 1))
        .copy(bytes, reader.at, end)
        .push(...entry);
    if (known.meter < 0 && (id === SECTION.export || id === SECTION.code)) {
      known.meter = known.importedGlobals; // the module has no globals of its own
      output.push(SECTION.global).sized(new WasmWriter(32).push(1, I64, 1, OP.i64Const, ...FIRST_WORK, OP.end));
    }
    switch (id) {
      case SECTION.type:
        readTypes(reader, known);
        output.copy(bytes, sectionAt, end);
        break;
      case SECTION.import:
        readImports(reader, known);
        output.copy(bytes, sectionAt, end);
        break;
      case SECTION.function:
        for (let count = reader.u32(); count > 0; count--) known.types.push(reader.u32());
        output.copy(bytes, sectionAt, end);
        break;
      case SECTION.global: {
        const count = reader.u32();
        known.meter = known.importedGlobals + count;
        output.push(id).sized(extended(count, I64, 1, OP.i64Const, ...FIRST_WORK, OP.end));
        break;
      }
      case SECTION.export: {
        const name = new TextEncoder().encode(WORK_LEFT);
        output.push(id).sized(extended(reader.u32(), ...leb(name.length), ...name, KIND.global, ...leb(known.meter)));
        break;
      }
      case SECTION.code:
        output.push(id).sized(meteredCode(reader, length, known));
        break;
      default:
        output.copy(bytes, sectionAt, end);
    }
    reader.at = end;
  }
  return output.taken();
}

function readTypes(reader: WasmReader, { parameters }: Declarations): void {
  for (let count = reader.u32(); count > 0; count--) {
    if (reader.byte() !== 0x60) throw new Error("WebAssembly: a type that is no function's");
    const own = reader.u32();
    parameters.push(own);
    reader.skipNumbers(own);
    reader.skipNumbers(reader.u32());
  }
}

function readImports(reader: WasmReader, known: Declarations): void {
  const skipLimits = (): void => reader.skipNumbers(reader.byte() & 1 ? 2 : 1);
  for (let count = reader.u32(); count > 0; count--) {
    reader.skipBytes(); // the module's name
    reader.skipBytes();
    switch (reader.byte()) {
      case KIND.function:
        known.importedFunctions++;
        reader.skipNumber();
        break;
      case KIND.table:
        reader.skipNumber();
        skipLimits();
        break;
      case KIND.memory:
        skipLimits();
        break;
      case KIND.global:
        known.importedGlobals++;
        reader.skipNumbers(2);
        break;
      case KIND.tag:
        reader.skipNumbers(2);
        break;
      default:
        throw new Error("WebAssembly: an import of a kind that is not known");
    }
  }
}

function meteredCode(reader: WasmReader, length: number, known: Declarations): WasmWriter {
  const count = reader.u32();
  const code = new WasmWriter(Math.ceil(length * 1.6)).push(...leb(count));
  const body = new WasmWriter(1 << 16);
  const whole = new WasmWriter(1 << 16);
  for (let i = 0; i < count; i++) {
    const end = reader.u32() + reader.at;
    code.sized(meteredFunction(reader, end, known, known.parameters[known.types[i]!]!, body.clear(), whole.clear()));
  }
  return code;
}

/** A function's locals, one more where a bulk instruction needs it, and its instructions with the meter's between them. */
function meteredFunction(
  reader: WasmReader,
  end: number,
  { importedFunctions, meter, importWork }: Declarations,
  parameters: number,
  body: WasmWriter,
  whole: WasmWriter,
): WasmWriter {
  const { bytes } = reader;
  const groups = reader.u32();
  const groupsAt = reader.at;
  let locals = parameters;
  for (let i = 0; i < groups; i++) {
    locals += reader.u32();
    reader.skipNumber();
  }
  const groupsEnd = reader.at;
  const get = [OP.globalGet, ...leb(meter)];
  const lower = [OP.i64Sub, OP.globalSet, ...leb(meter)];
  const pay = (work: number): number[] => [...get, OP.i64Const, ...leb(work, true), ...lower];
  const stop = [...get, OP.i64Const, 0, OP.i64Less, OP.if, OP.noResult, OP.unreachable, OP.end];
  const charge = [...pay(1), ...stop];
  const local = leb(locals);
  const payBulk = [
    OP.localTee,
    ...local,
    ...get,
    OP.localGet,
    ...local,
    OP.i64Extend,
    OP.i64Const,
    BYTES_PER_WORK_LOG2,
    OP.i64Shift,
    ...lower,
  ];
  let hasBulk = false;
  let from = reader.at;
  body.push(...charge);
  while (reader.at < end) {
    const at = reader.at;
    const opcode = reader.byte();
    skipOperands(reader, opcode);
    if (opcode === OP.loop) {
      body.copy(bytes, from, reader.at).push(...charge);
      from = reader.at;
    } else if (opcode === OP.call && new WasmReader(bytes, at + 1).u32() < importedFunctions) {
      body.copy(bytes, from, at).push(...pay(importWork));
      from = at;
    } else if (opcode === OP.bulk && BULK.has(new WasmReader(bytes, at + 1).u32())) {
      body.copy(bytes, from, at).push(...payBulk);
      from = at;
      hasBulk = true;
    }
  }
  body.copy(bytes, from, end);
  if (hasBulk)
    whole
      .push(...leb(groups + 1))
      .copy(bytes, groupsAt, groupsEnd)
      .push(1, I32);
  else whole.push(...leb(groups)).copy(bytes, groupsAt, groupsEnd);
  return whole.append(body);
}
