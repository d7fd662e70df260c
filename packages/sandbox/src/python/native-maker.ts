import { imageParts } from "./native-image.js";
import { NativeRecorder } from "./native-recorder.js";
import { PyodideGate } from "./pyodide-gate.js";
import { loadNative, type WorldFiles } from "./pyodide-memory.js";
import { startPyodide } from "./pyodide-start.js";
import type { LoadPyodide } from "./pyodide.js";

/** Starts an interpreter, loads and imports its native packages, and gives what they have made of it, part by part. */
export async function makeNativeImage(loadPyodide: LoadPyodide, files: WorldFiles, snapshot: Uint8Array): Promise<Iterable<Uint8Array>> {
  const gate = new PyodideGate((name) => {
    throw new Error(`${name} was called before the interpreter is sealed`);
  });
  const { pyodide } = await startPyodide(loadPyodide, files, snapshot, gate);
  const recorder = new NativeRecorder(pyodide, gate.symbols());
  gate.listen(recorder);
  await loadNative(pyodide, files);
  gate.close();
  return imageParts(recorder.image());
}
