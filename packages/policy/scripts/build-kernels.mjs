// Compiles assembly/ to WebAssembly SIMD and writes it, as base64 text, to src/kernels/module.generated.ts, and the declarations of all
// kernels to src/kernels/kernels.generated.ts.
// The module works inside the memory that the tfjs wasm backend owns, so it must not bring data of its own.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { kernelDeclarations } from "./kernel-declarations.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "src/kernels/module.generated.ts");
const sources = readdirSync(join(root, "assembly"))
  .filter((name) => name.endsWith(".ts"))
  .sort();
const text = (path) => readFileSync(join(root, path), "utf8");
const assembly = sources.map((source) => text(join("assembly", source))).join("\n");
const declared = {
  header: text("native/kernels.h"),
  module: text("native/module.cc"),
  index: text("assembly/index.ts"),
  sources: assembly,
};
replace(join(root, "src/kernels/kernels.generated.ts"), kernelDeclarations(declared));

const hash = createHash("sha256");
for (const name of [...sources.map((source) => join("assembly", source)), "scripts/build-kernels.mjs"])
  hash.update(readFileSync(join(root, name)));
const stamp = `// ${hash.digest("hex")}`;
if (existsSync(target) && readFileSync(target, "utf8").startsWith(stamp)) process.exit(0);

const { default: asc } = await import("assemblyscript/asc");
const stderr = asc.createMemoryStream();
const files = new Map();
const { error } = await asc.main(
  [
    "index.ts",
    "--optimizeLevel",
    "3",
    "--converge",
    "--runtime",
    "stub",
    "--importMemory",
    "--enable",
    "simd,bulk-memory,threads",
    "--sharedMemory",
    "--initialMemory",
    "1",
    "--maximumMemory",
    "65536",
    "--use",
    "abort=",
    "--outFile",
    "kernels.wasm",
  ],
  {
    stderr,
    readFile: (name) => (existsSync(join(root, "assembly", name)) ? readFileSync(join(root, "assembly", name), "utf8") : null),
    writeFile: (name, contents) => void files.set(name, contents),
    listFiles: () => [],
  },
);
if (error) {
  process.stderr.write(`${stderr.toString()}\n`);
  throw error;
}
const binary = files.get("kernels.wasm");
if (hasSection(binary, 11)) throw new Error("the kernels must not have a data section: it would overwrite memory of tfjs");
const base64 = Buffer.from(binary).toString("base64");
replace(
  target,
  `${stamp}\n/** WebAssembly of assembly/, ${binary.length} bytes. */\nexport const kernelModule: string =\n  "${base64}";\n`,
);

/** Writes a file in one step, unless it is so already. */
function replace(path, contents) {
  if (existsSync(path) && readFileSync(path, "utf8") === contents) return;
  writeFileSync(`${path}.tmp`, contents);
  renameSync(`${path}.tmp`, path);
}

/** Whether a WebAssembly binary has a section with this id. */
function hasSection(bytes, id) {
  for (let offset = 8; offset < bytes.length;) {
    const section = bytes[offset++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[offset++];
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (section === id) return true;
    offset += size;
  }
  return false;
}
