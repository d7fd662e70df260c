import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { kernelSources, kernelStamp } from "./kernel-sources.js";
import { packageFolder, packageVersion } from "./load-native.js";
import { BINDING, QUIET, manifestPath, nativeFolder, processor, type NativeManifest } from "./native-folder.js";
import { lastLineAsJson, lastLines, runProgram } from "./run-program.js";
import { findTensorFlow, type TensorFlowWheel } from "./tensorflow-wheel.js";
import { findCompiler, findNodeHeaders } from "./toolchain.js";

/** Sources and target of {@link installNative}. */
export interface InstallNativeOptions {
  /** A Python that has TensorFlow from pip. */
  readonly python: string;
  /** Folder with Node's headers; default: looked for. */
  readonly nodeHeaders?: string;
  /** Default: `RETOOL_NATIVE_DIR`, or `~/.local/share/retool/native`. */
  readonly folder?: string;
  /** Told before each step that takes time. */
  readonly onStep?: (step: string) => void;
  /** Stops the compiler. */
  readonly signal?: AbortSignal;
}

/** The Node-API version that the sources are compiled for. */
const NAPI_VERSION = 8;

/**
 * Builds tfjs-node's binding, and our fused kernels in it, against the libraries in a TensorFlow wheel, tries it, and puts it into the folder.
 *
 * The wheel's libraries stay where they are: the binding is linked to them by path. What was installed before is kept until the new
 * one has worked.
 *
 * @throws InputError when a part is missing, the sources do not compile, or what was built does not compute
 */
export async function installNative(options: InstallNativeOptions): Promise<NativeManifest> {
  const { folder = nativeFolder(), onStep = () => {}, signal } = options;
  checkPlatform();
  const sources = findSources();
  const wheel = await findTensorFlow(options.python);
  const [compiler, headers] = [await findCompiler(), findNodeHeaders(options.nodeHeaders)];
  await mkdir(dirname(folder), { recursive: true });
  const fresh = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
  try {
    onStep(`compiling the binding of tfjs-node ${sources.version} against TensorFlow ${wheel.version}`);
    const args = compilerArguments(sources.folder, headers, wheel, join(fresh, BINDING));
    const compiled = await runProgram(compiler, args, signal);
    if (compiled.code !== 0) throw failure(compiler, "sources that compile", compiled.stderr, wheel);
    const quietArguments = ["-shared", "-fPIC", "-O1", "-w", `-DNAPI_VERSION=${NAPI_VERSION}`, `-I${headers}`];
    const quiet = await runProgram(
      compiler,
      [...quietArguments, "-x", "c++", join(kernelSources(), "quiet.c"), "-o", join(fresh, QUIET)],
      signal,
    );
    if (quiet.code !== 0) throw failure(compiler, "sources that compile", quiet.stderr, wheel);
    onStep("trying it");
    const tried = await tryBinding(join(fresh, BINDING), wheel, signal);
    const { platform, arch } = process;
    const manifest: NativeManifest = {
      ...tried,
      tfjsNode: sources.version,
      library: wheel.library,
      platform,
      arch,
      processor: processor(),
    };
    await writeFile(manifestPath(fresh), `${JSON.stringify(manifest, null, 2)}\n`);
    await mkdir(folder, { recursive: true });
    await rm(manifestPath(folder), { force: true }); // without it the folder counts as empty, whatever interrupts us
    for (const file of [BINDING, QUIET]) await rename(join(fresh, file), join(folder, file));
    await rename(manifestPath(fresh), manifestPath(folder));
    return manifest;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Removes the binding and nothing else from its folder; false when none was there. */
export async function removeNative(folder: string = nativeFolder()): Promise<boolean> {
  const files = [manifestPath(folder), ...[BINDING, QUIET].map((file) => join(folder, file))];
  if (!files.some((file) => existsSync(file))) return false;
  for (const file of files) await rm(file, { force: true });
  if ((await readdir(folder)).length === 0) await rmdir(folder);
  return true;
}

function checkPlatform(): void {
  if (process.platform === "linux") return;
  throw new InputError({
    what: "native install",
    where: "platform",
    expected: "Linux",
    found: process.platform,
    fix: "install @tensorflow/tfjs-node with its install script allowed: it downloads a library for this platform",
  });
}

function findSources(): { readonly folder: string; readonly version: string } {
  const folder = packageFolder("tfjs-node", "tfjs-node-gpu");
  if (folder !== undefined) return { folder: join(folder, "binding"), version: packageVersion(folder) };
  throw new InputError({
    what: "native install",
    where: "@tensorflow/tfjs-node",
    expected: "the package, whose sources are compiled",
    found: "neither it nor @tensorflow/tfjs-node-gpu",
    fix: "run `npm install --ignore-scripts @tensorflow/tfjs-node@4.22.0`",
  });
}

function compilerArguments(sources: string, headers: string, wheel: TensorFlowWheel, output: string): string[] {
  const kernels = kernelSources();
  // Our module uses the table of tensors that is private to tfjs-node's, and is compiled for this very processor.
  const flags = ["-shared", "-fPIC", "-O3", "-march=native", "-std=c++17", "-fno-access-control", "-pthread", "-w"];
  const defines = [`-DNAPI_VERSION=${NAPI_VERSION}`, `-DRETOOL_KERNELS="${kernelStamp()}"`];
  const includes = [`-I${headers}`, `-I${wheel.include}`, `-I${sources}`];
  const own = readdirSync(kernels).filter((file) => file.endsWith(".cc"));
  const code = [join(sources, "tfjs_backend.cc"), ...own.map((file) => join(kernels, file))]; // module.cc includes tfjs_binding.cc
  return [...flags, ...defines, ...includes, ...code, wheel.library, wheel.framework, `-Wl,-rpath,${wheel.folder}`, "-o", output];
}

/** Loads the binding in a process of its own, has TensorFlow add two numbers and our kernels square the sum. */
const TRIAL = `
const [path] = process.argv.slice(1);
const binding = require(path);
const number = binding.createTensor([1], binding.TF_FLOAT, new Float32Array([1.5]));
const [{ id }] = binding.executeOp("Add", [{ name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }], [number, number], 1);
const sum = binding.tensorDataSync(id)[0];
if (binding.retoolKernels.sumOfSquares(binding.retoolKernels.pointer(id), 1) !== 9) throw new Error("the kernels do not compute");
console.log(JSON.stringify({ sum, tensorflow: binding.TF_Version, device: binding.isUsingGpuDevice() ? "gpu" : "cpu" }));
`;
const Trial = z.object({ sum: z.literal(3), tensorflow: z.string(), device: z.enum(["cpu", "gpu"]) });

async function tryBinding(path: string, wheel: TensorFlowWheel, signal?: AbortSignal) {
  const { code, stdout, stderr } = await runProgram(process.execPath, ["--input-type=commonjs", "-e", TRIAL, path], signal);
  const answer = code === 0 ? Trial.safeParse(lastLineAsJson(stdout)) : undefined;
  if (answer?.success !== true) throw failure(path, "a binding that loads and computes", stderr || stdout, wheel);
  const { tensorflow, device } = answer.data;
  return { tensorflow, device };
}

function failure(where: string, expected: string, output: string, { version }: TensorFlowWheel): InputError {
  const [what, found] = ["native install", lastLines(output)];
  return new InputError({
    what,
    where,
    expected,
    found,
    fix: `try another TensorFlow than ${version} (2.21 is known to work), or go on with wasm`,
  });
}
