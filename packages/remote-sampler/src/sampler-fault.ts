import { RetoolError } from "@retool-ts/core";

/** A sampling server that does not answer, refuses, or answers what cannot be. */
export class SamplerFault extends RetoolError {
  /** HTTP status, where there was one. */
  readonly status: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super("SAMPLER", message, options);
    this.status = options.status;
  }
}
