import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { CliContext } from "../shell/cli-context.js";
import { openInBrowser } from "./open-in-browser.js";

/**
 * Starts the dashboard of a run that this process is about to work on. It has a process of its own, so that it answers while this one computes,
 * and ends with this one, however that ends. Where it cannot start, the run goes on without it.
 *
 * @param program - Node, its options and the script to start.
 */
export function watchBeside(run: string, program: readonly string[], { reporter }: Pick<CliContext, "reporter">): void {
  const [node, ...script] = program;
  const child = spawn(node!, [...script, "watch", run, "--open", "false"], {
    stdio: ["ignore", "pipe", "ignore", "ipc"],
    detached: true, // Ctrl-C is for this process; the child goes with the channel between them
    windowsHide: true,
  });
  child.once("error", (error) => reporter.say(`no page of this run: ${error.message}`));
  let said = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    const end = said.indexOf("\n");
    if (end < 0) return;
    child.stdout!.removeAllListeners("data").resume();
    const page = said.slice(0, end);
    reporter.say(`watch this run at ${page}`);
    if (process.stdout.isTTY) void openInBrowser(page);
  });
  child.unref();
  (child.stdout as Socket).unref();
  child.channel?.unref();
}
