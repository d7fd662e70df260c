import { HttpFault } from "@retool-ts/http";
import { errorBody, sseEvent } from "./openai-replies.js";

/** Sends one event: a value, or the JSON of one. */
export type SendEvent = (data: unknown) => void;

/**
 * A response of server-sent events. The work's end ends it with `[DONE]`; an error becomes the last event, because the status is sent already.
 *
 * @param onGone - the client has gone away
 */
export function sseResponse(work: (send: SendEvent) => Promise<void>, onGone: () => void): Response {
  const encoder = new TextEncoder();
  let isOpen = true;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (data: unknown): void => {
        if (isOpen) controller.enqueue(encoder.encode(sseEvent(data)));
      };
      const run = async (): Promise<void> => {
        try {
          await work(write);
          write("[DONE]");
        } catch (error) {
          const fault =
            error instanceof HttpFault
              ? error
              : new HttpFault(500, `the server failed: ${(error as Error).message}`, { code: "server_error" });
          write(errorBody(fault));
        }
        if (isOpen) controller.close();
        isOpen = false;
      };
      void run();
    },
    cancel() {
      isOpen = false;
      onGone();
    },
  });
  const headers = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", "x-accel-buffering": "no" };
  return new Response(body, { headers });
}
