import { RetoolError } from "@retool-ts/core";

/** Bytes that are no message of the Tinker API. */
export class WireError extends RetoolError {
  constructor(message: string, options?: ErrorOptions) {
    super("WIRE", message, options);
  }
}
