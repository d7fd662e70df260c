/** Asks for an image in {@link PyodideSetup.image}. */
export const MAKE_IMAGE = "make";

/** First line of the input. */
export interface PyodideSetup {
  /** Address of Pyodide's module. */
  readonly module: string;
  /** File of the memory snapshot; null asks for one to be made, on the answers' channel. */
  readonly snapshot: string | null;
  /** File of the image of native packages; "make" asks for one, on the answers' channel; null to load them. */
  readonly image: string | null;
  readonly runner: string;
  /** Files of pure-Python wheels; they are in the snapshot. */
  readonly wheels: readonly string[];
  /** Archives of shared libraries that the native wheels need. */
  readonly libraries: readonly string[];
  /** Files of wheels with code for Pyodide; what they make of an engine is in the image. */
  readonly native: readonly string[];
}
