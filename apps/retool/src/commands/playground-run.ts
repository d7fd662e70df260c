import { servePlayground } from "@retool-ts/playground";
import type { CliContext } from "../shell/cli-context.js";
import { untilStopped } from "../shell/until-stopped.js";

export interface PlaygroundCommandOptions {
  readonly port: number;
  readonly open: string;
}

/** Serves the playground until the first Ctrl-C or SIGTERM. */
export async function playground({ port, open }: PlaygroundCommandOptions, { print, reporter, signal }: CliContext): Promise<void> {
  const server = await servePlayground({ port });
  try {
    const page = `${server.url}/`;
    print(page);
    reporter.say("The model learns in the browser; this only hands out the page. Ctrl-C ends it.");
    if (open !== "false" && process.stdout.isTTY) {
      const { openInBrowser } = await import("./open-in-browser.js");
      await openInBrowser(page);
    }
    await untilStopped(signal);
  } finally {
    await server.close(200);
  }
}
