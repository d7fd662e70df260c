import type { WasmReader } from "./wasm-reader.js";

/** Opcodes that metering reads or writes, and the type of a block without a result. */
export const OP = {
  unreachable: 0x00,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  call: 0x10,
  localGet: 0x20,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i64Const: 0x42,
  i64Less: 0x53,
  i64Sub: 0x7d,
  i64Shift: 0x88,
  i64Extend: 0xad,
  bulk: 0xfc,
  noResult: 0x40,
} as const;

/** Bulk instructions whose last operand is a number of bytes: `memory.copy` and `memory.fill`. */
export const BULK: ReadonlySet<number> = new Set([10, 11]);

/** Passes over the operands of one instruction, whose opcode has been read. Throws on what no compiler of the engines writes. */
export function skipOperands(code: WasmReader, opcode: number): void {
  if (opcode >= 0x45 && opcode <= 0xc4) return; // arithmetic
  if (opcode >= 0x28 && opcode <= 0x3e) return code.skipNumbers(2); // loads and stores
  if (opcode >= 0x20 && opcode <= 0x26) return code.skipNumber(); // variables and tables
  switch (opcode) {
    case 0x00: // unreachable
    case 0x01: // nop
    case 0x05: // else
    case 0x0a: // throw_ref
    case 0x0b: // end
    case 0x0f: // return
    case 0x19: // catch_all
    case 0x1a: // drop
    case 0x1b: // select
    case 0xd1: // ref.is_null
      return;
    case 0x02: // block
    case 0x03: // loop
    case 0x04: // if
    case 0x06: // try
    case 0x07: // catch
    case 0x08: // throw
    case 0x09: // rethrow
    case 0x0c: // br
    case 0x0d: // br_if
    case 0x10: // call
    case 0x12: // return_call
    case 0x18: // delegate
    case 0x3f: // memory.size
    case 0x40: // memory.grow
    case 0x41: // i32.const
    case 0x42: // i64.const
    case 0xd0: // ref.null
    case 0xd2: // ref.func
      return code.skipNumber();
    case 0x0e: // br_table
      return code.skipNumbers(code.u32() + 1);
    case 0x11: // call_indirect
    case 0x13: // return_call_indirect
      return code.skipNumbers(2);
    case 0x1c: // select with types
      return code.skipNumbers(code.u32());
    case 0x1f: {
      code.skipNumber(); // try_table
      for (let clauses = code.u32(); clauses > 0; clauses--) code.skipNumbers(code.byte() < 2 ? 2 : 1);
      return;
    }
    case 0x43: // f32.const
      code.at += 4;
      return;
    case 0x44: // f64.const
      code.at += 8;
      return;
    case 0xfc:
      return skipBulk(code, code.u32());
    case 0xfd:
      return skipVector(code, code.u32());
    default:
      throw new Error(`WebAssembly: an instruction that is not known, 0x${opcode.toString(16)} at byte ${code.at - 1}`);
  }
}

function skipBulk(code: WasmReader, operation: number): void {
  if (operation < 8) return; // saturating conversions
  if (operation === 8 || operation === 10 || operation === 12 || operation === 14) return code.skipNumbers(2);
  return code.skipNumber();
}

function skipVector(code: WasmReader, operation: number): void {
  if (operation <= 11 || operation === 92 || operation === 93) return code.skipNumbers(2); // loads and stores
  if (operation === 12 || operation === 13) code.at += 16; // constants and shuffles
  else if (operation >= 21 && operation <= 34) code.at += 1; // lanes
  else if (operation >= 84 && operation <= 91) {
    code.skipNumbers(2);
    code.at += 1;
  }
}
