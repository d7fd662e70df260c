import type { RunRequest } from "./messages.js";

/** A request without the state before it, when a worker made that: it is sent once a worker says that it lacks it. */
export function withoutKnown(request: RunRequest): RunRequest {
  const { turn } = request;
  return turn?.home === undefined ? request : { ...request, turn: { ...turn, parts: undefined } };
}
