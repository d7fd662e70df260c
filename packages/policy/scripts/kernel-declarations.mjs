// Declares the kernels for TypeScript. native/kernels.h is the contract; assembly/ must have the same functions with the same arguments,
// except for `scratch`, memory that the WebAssembly cannot take itself.

/** C++ and AssemblyScript types by what crosses the seam. */
const KINDS = {
  "float*": "float pointer",
  "int32_t*": "int pointer",
  "double*": "double pointer",
  long: "integer",
  uint32_t: "word",
  float: "float",
  double: "double",
  void: "void",
};
const ASSEMBLY_KINDS = {
  usize: ["float pointer", "int pointer", "double pointer"],
  i32: ["integer"],
  u32: ["word"],
  f32: ["float"],
  f64: ["double"],
  void: ["void"],
};
/** Arrays of JavaScript that the native module takes in place of an address. */
const ARRAYS = { "float pointer": "Float32Array", "int pointer": "Int32Array", "double pointer": "Float64Array" };

/** The functions of native/kernels.h: name, result, arguments with their kinds, and the comment before them. */
function headerFunctions(header) {
  const functions = [];
  const pattern = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?^(void|double) (\w+)\(([^)]*)\);/gm;
  for (const [, comment, result, name, list] of header.matchAll(pattern)) {
    const args = list.split(",").map((argument) => {
      const [, type, argumentName] = /^\s*(?:const )?([\w]+\*?) (\w+)\s*$/.exec(argument) ?? [];
      if (KINDS[type] === undefined) throw new Error(`kernels.h: ${name}: cannot read the argument "${argument.trim()}"`);
      return { name: argumentName, kind: KINDS[type] };
    });
    functions.push({ name, result: KINDS[result], args, comment: comment?.trim() });
  }
  return functions;
}

/** The functions that assembly/index.ts exports. */
function assemblyFunctions(index, sources) {
  const names = [...index.matchAll(/export \{([^}]*)\}/g)].flatMap(([, list]) => list.split(",").map((name) => name.trim()));
  return names.filter(Boolean).map((name) => {
    const [, list, result] = new RegExp(`export function ${name}\\(([^)]*)\\): (\\w+)`).exec(sources) ?? [];
    if (list === undefined) throw new Error(`assembly/: no function ${name}`);
    const args = list.split(",").map((argument) => argument.trim()).filter(Boolean).map((argument) => argument.split(": ")); // prettier-ignore
    return { name, result, args: args.map(([argumentName, type]) => ({ name: argumentName, type })) };
  });
}

/** @throws Error when an exported function differs from the header's. */
function checkSame(native, assembly) {
  const own = assembly.args.filter(({ name }) => name !== "scratch");
  const same =
    own.length === native.args.length &&
    own.every(({ name, type }, i) => name === native.args[i].name && ASSEMBLY_KINDS[type]?.includes(native.args[i].kind)) &&
    ASSEMBLY_KINDS[assembly.result]?.includes(native.result);
  if (same) return;
  const list = (args) => args.map(({ name, kind, type }) => `${name}: ${kind ?? type}`).join(", ");
  throw new Error(`${native.name} differs:\n  native/kernels.h: ${list(native.args)}\n  assembly/: ${list(own)}`);
}

/**
 * The text of src/kernels/kernels.generated.ts.
 *
 * @param header - native/kernels.h
 * @param module - native/module.cc, which lists the functions that JavaScript can call
 * @param index - assembly/index.ts
 * @param sources - all of assembly/
 * @throws Error when a kernel is not the same on both sides, or missing from the list.
 */
export function kernelDeclarations({ header, module, index, sources }) {
  const native = headerFunctions(header);
  const assembly = assemblyFunctions(index, sources);
  const listed = new Set([...module.matchAll(/KERNEL\((\w+)\)/g)].map(([, name]) => name));
  for (const { name } of native) if (!listed.has(name)) throw new Error(`native/module.cc does not list ${name}`);
  const inAssembly = new Map(assembly.map((one) => [one.name, one]));
  const shared = native.filter(({ name }) => inAssembly.has(name));
  for (const one of shared) checkSame(one, inAssembly.get(one.name));
  const helpers = assembly.filter(({ name }) => !native.some((one) => one.name === name));
  const scratch = shared.flatMap(({ name }) => {
    const place = inAssembly.get(name).args.findIndex((argument) => argument.name === "scratch");
    return place < 0 ? [] : [`  ${name}: ${place},`];
  });
  // No tensor has doubles: where they are asked for, all but floats comes in arrays.
  const arraysOnly = ({ args }) => args.some(({ kind }) => kind === "double pointer");
  const argument = (takesArrays, own) => (one) => {
    const array = ARRAYS[one.kind];
    const pointer = arraysOnly(own) && one.kind !== "float pointer" ? array : takesArrays ? `Pointer | ${array}` : "Pointer";
    return `${one.name}: ${array === undefined ? "number" : pointer}`;
  };
  const declare = (takesArrays) => (one) =>
    `${one.comment === undefined ? "" : `  ${one.comment.replaceAll("\n", "\n  ")}\n`}` +
    `  ${one.name}(${one.args.map(argument(takesArrays, one)).join(", ")}): ${one.result === "void" ? "void" : "number"};`;
  const raw = (one) =>
    `  ${one.name}(${one.args.map(({ name, type }) => `${name}: ${type === "usize" ? "Pointer" : "number"}`).join(", ")}): ${one.result === "void" ? "void" : "number"};`;
  return [
    'import type { Pointer } from "./pointer.js";\n',
    "/** Operations in one step each, on tensors where they lie: in WebAssembly and in the native module alike. */",
    `export interface FusedKernels {\n${shared.map(declare(false)).join("\n")}\n}\n`,
    "/** Functions of the native module alone. An array stands for the address of its values. */",
    `export interface NativeOnlyKernels {\n${native.filter((one) => !inAssembly.has(one.name)).map(declare(true)).join("\n")}\n}\n`,
    "/** Exports of the WebAssembly: the kernels, some with scratch memory as an argument, and functions that say how much they need. */",
    `export interface WasmExports {\n${[...shared.map(({ name }) => inAssembly.get(name)), ...helpers].map(raw).join("\n")}\n}\n`,
    "/** Place of the scratch memory among the arguments of the WebAssembly's kernels. */",
    `export const SCRATCH_ARGUMENT = {\n${scratch.join("\n")}\n} as const;\n`,
  ].join("\n"); // prettier-ignore
}
