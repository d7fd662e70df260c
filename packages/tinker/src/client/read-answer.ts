import { decodeForwardBackwardOutput } from "../wire/forward-backward-output-proto.js";
import type { FailedResult, TryAgain } from "../wire/futures.js";
import { PROTOBUF, type FutureRoute } from "../wire/routes.js";
import { decodeSampleResponse } from "../wire/sample-proto.js";
import { TinkerAnswerError, TinkerFailedError, type TinkerErrorOptions } from "./errors.js";
import type { Answer } from "./transport.js";

const text = new TextDecoder();

/** The JSON of an answer. */
export function readJson<T>({ bytes }: Pick<Answer, "bytes">, options: TinkerErrorOptions): T {
  const body = text.decode(bytes);
  try {
    return JSON.parse(body) as T;
  } catch (error) {
    throw new TinkerAnswerError(`${options.route}: expected JSON, got ${JSON.stringify(body.slice(0, 100))}`, { ...options, cause: error });
  }
}

/** The result of a future: protobuf or JSON, as the server has it; undefined when it is not there yet. */
export function readResult(
  answer: Answer,
  route: FutureRoute,
  requestId: string,
): { readonly result: unknown } | { readonly pending: TryAgain } {
  const options = { route, requestId, status: answer.status };
  if (answer.contentType.includes(PROTOBUF)) return { result: readBytes(answer.bytes, route, options) };
  const json = readJson<FailedResult | TryAgain | null>(answer, options);
  if (json === null || typeof json !== "object")
    throw new TinkerAnswerError(`${route}: expected an object, got ${JSON.stringify(json)}`, options);
  if (json.type === "try_again") return { pending: json };
  const reason = failureOf(json);
  if (reason !== undefined) throw new TinkerFailedError(`${route}: ${reason}`, options);
  return { result: json };
}

/** Servers word a failure in three ways, with status 200. */
function failureOf(json: FailedResult | TryAgain): string | undefined {
  const { type, error, error_message: message } = json as FailedResult;
  const isFailed = type === "request_failed" || type === "RequestFailedResponse";
  if (typeof error === "string" && error !== "") return withoutTrace(error);
  if (isFailed) return withoutTrace(message ?? "the server gives no reason");
  return undefined;
}

/** A reason as a person wants it, without the server's own stack. */
function withoutTrace(reason: string): string {
  return reason.split("\nTraceback (most recent call last)")[0]!.trim();
}

function readBytes(bytes: Uint8Array, route: FutureRoute, options: TinkerErrorOptions): unknown {
  try {
    if (route === "asample") return decodeSampleResponse(bytes);
    if (route === "forward_backward" || route === "forward") return decodeForwardBackwardOutput(bytes);
  } catch (error) {
    throw new TinkerAnswerError(`${route}: ${(error as Error).message}`, { ...options, cause: error });
  }
  throw new TinkerAnswerError(`${route}: expected JSON, got protobuf`, options);
}
