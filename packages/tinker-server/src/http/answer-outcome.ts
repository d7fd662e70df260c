import { encodeForwardBackwardOutput, encodeSampleResponse, jsonBody, JSON_TYPE, PROTOBUF } from "@retool-ts/tinker/wire";
import type { Outcome } from "../state/outcome.js";

/** An outcome as an answer: protobuf for passes and samples where the client takes it, else JSON. A failure has status 200, as clients expect. */
export function answerOutcome(outcome: Outcome, accept: string): Response {
  const takesBytes = accept.includes(PROTOBUF);
  switch (outcome.kind) {
    case "failed":
      return json({ type: "request_failed", error: outcome.error, category: outcome.category });
    case "json":
      return json(outcome.body);
    case "pass":
      return takesBytes ? bytes(encodeForwardBackwardOutput(outcome.body)) : json(outcome.body);
    case "sample":
      return takesBytes ? bytes(encodeSampleResponse(outcome.body)) : json(outcome.body);
  }
}

function json(body: unknown): Response {
  return new Response(jsonBody(body), { headers: { "content-type": JSON_TYPE } });
}

function bytes(body: Uint8Array): Response {
  return new Response(body as Uint8Array<ArrayBuffer>, { headers: { "content-type": PROTOBUF } });
}
