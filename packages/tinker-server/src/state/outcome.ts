import type { ForwardBackwardOutput, SampleResponse } from "@retool-ts/tinker/wire";

/** What a request came to, before it is put into JSON or protobuf. */
export type Outcome =
  | { readonly kind: "json"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: "pass"; readonly body: ForwardBackwardOutput }
  | { readonly kind: "sample"; readonly body: SampleResponse }
  /** `user`: the request cannot be done; `server`: the server failed. */
  | { readonly kind: "failed"; readonly error: string; readonly category: "user" | "server"; readonly isCancelled?: true };

/** A request that could not be done, told by its future. */
export function failed(error: string, category: "user" | "server" = "user"): Outcome {
  return { kind: "failed", error, category };
}

/** Of a request that its client gave up before it was done. */
export const CANCELLED: Outcome = { kind: "failed", error: "the request was cancelled", category: "user", isCancelled: true };
