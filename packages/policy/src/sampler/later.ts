/** Runs something after the tasks that wait already: in Node by `setImmediate`, elsewhere by a message, which waits less than a timer. */
export const later: (run: () => void) => void = typeof setImmediate === "function" ? (run) => void setImmediate(run) : byMessage;

function byMessage(run: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    run();
  };
  port2.postMessage(undefined);
}
