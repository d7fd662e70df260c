/** The user pressed Ctrl-C, and what was done is saved; the message says how to go on. */
export class Interrupted extends Error {
  override readonly name = "AbortError";
}
