import { InputError } from "@retool-ts/core";

/** The interpreters that Python can run in. */
export type PythonBackendName = "pyodide" | "bwrap";

/** Command that starts a process of an interpreter. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** First line of its input. */
  readonly setup: string;
}

/** A backend whose parts are all there; plain data, which crosses threads. */
export interface PythonBackend {
  readonly name: PythonBackendName;
  /** Names what decides the results: snapshots of sessions carry it. */
  readonly fingerprint: string;
  readonly launch: Launch;
}

/** Availability of a backend. */
export type BackendAvailability =
  | { readonly name: PythonBackendName; readonly isAvailable: true; readonly detail: string }
  | { readonly name: PythonBackendName; readonly isAvailable: false; readonly reason: string };

/** Options of Python in `createSandbox`. */
export interface PythonOptions {
  /** Pyodide when it is installed, else bubblewrap, when absent. */
  readonly backend?: PythonBackendName;
  /**
   * Under bubblewrap: a Python of 3.11 or later whose packages, such as numpy, sympy and scipy, cells may import; its folders are seen
   * read-only. Default: the system's.
   */
  readonly interpreter?: string;
  /** Files of pure-Python wheels to make importable, besides those in the data folder. */
  readonly wheels?: readonly string[];
  /** Data folder, with wheels and memory snapshots; see `pythonFolder`. */
  readonly folder?: string;
}

/** The error of a backend that cannot be used. */
export function unavailable(name: string, reason: string): InputError {
  const fix = "mend that, or choose another backend";
  return new InputError({
    what: "sandbox",
    where: "python",
    expected: `the ${name} backend`,
    found: `${name} is unavailable, because ${reason}`,
    fix,
  });
}
