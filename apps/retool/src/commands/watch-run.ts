import { watchRuns } from "@retool-ts/watch";
import { parse } from "yaml";
import type { CliContext } from "../shell/cli-context.js";

export interface WatchCommandOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly open: string;
}

/** Serves the dashboard until the first Ctrl-C or SIGTERM, or until the program that started it ends. */
export async function watch(
  paths: readonly string[],
  options: WatchCommandOptions,
  { print, reporter, signal }: CliContext,
): Promise<void> {
  const { host, port, open } = options;
  const token = options.token ?? process.env["RETOOL_WATCH_TOKEN"];
  const server = await watchRuns({ paths, host, port, parseConfig: parse, ...(token === undefined || token === "" ? {} : { token }) });
  const ended = new AbortController();
  const end = (): void => ended.abort();
  process.once("SIGTERM", end);
  if (process.connected) process.once("disconnect", end);
  try {
    print(server.page);
    reporter.say("Ctrl-C ends the page.");
    if (open !== "false" && process.stdout.isTTY) {
      const { openInBrowser } = await import("./open-in-browser.js");
      await openInBrowser(server.page);
    }
    const stop = AbortSignal.any([signal, ended.signal]);
    if (!stop.aborted) await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
  } finally {
    process.off("SIGTERM", end);
    process.off("disconnect", end);
    await server.close();
  }
}
