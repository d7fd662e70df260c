import type { Browser } from "playwright-core";

/** What the protocol says of an expression. */
interface Answer {
  readonly result?: { readonly result: { readonly value: unknown } };
  readonly error?: { readonly message: string };
}

/** A tab that Playwright does not know. */
export interface PlainTab {
  /** Value of an expression in the page. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  /** Puts the tab before the others of its window. */
  show(): Promise<void>;
}

/**
 * A window with tabs as a reader has them. Playwright tells each page of its own that it has the focus, and Chromium then takes it for visible
 * whatever lies before it; of pages in a context that was made through the protocol it does not know, and those are hidden when another is in front.
 */
export async function openWindow(browser: Browser): Promise<{ open(url: string): Promise<PlainTab> }> {
  const protocol = await browser.newBrowserCDPSession();
  const { browserContextId } = await protocol.send("Target.createBrowserContext");
  let isFirst = true;
  return {
    async open(url) {
      const { targetId } = await protocol.send("Target.createTarget", { url, browserContextId, newWindow: isFirst });
      isFirst = false;
      const { sessionId } = await protocol.send("Target.attachToTarget", { targetId, flatten: false });
      const waiting = new Map<number, (answer: Answer) => void>();
      protocol.on("Target.receivedMessageFromTarget", ({ sessionId: sender, message }) => {
        if (sender !== sessionId) return;
        const { id, ...answer } = JSON.parse(message) as Answer & { readonly id: number };
        waiting.get(id)?.(answer);
      });
      let sent = 0;
      const evaluate = <Value>(expression: string): Promise<Value> =>
        new Promise((resolve, reject) => {
          const id = ++sent;
          waiting.set(id, ({ result, error }) => {
            if (result === undefined) reject(new Error(error?.message ?? "no result"));
            else resolve(result.result.value as Value);
          });
          const message = JSON.stringify({
            id,
            method: "Runtime.evaluate",
            params: { expression, awaitPromise: true, returnByValue: true },
          });
          protocol.send("Target.sendMessageToTarget", { sessionId, message }).catch(reject);
        });
      return {
        evaluate,
        async until(expression) {
          const isSo = () => evaluate<boolean>(expression).catch(() => false); // a page that is still on its way has no result
          while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
        },
        async show() {
          await protocol.send("Target.activateTarget", { targetId });
        },
      };
    },
  };
}
