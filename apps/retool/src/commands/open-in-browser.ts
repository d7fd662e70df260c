import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";

/** Hands a file or an address to the system's browser. Where there is none, nothing happens: it has been printed. */
export async function openInBrowser(path: string): Promise<void> {
  const href = /^https?:\/\//.test(path) ? path : pathToFileURL(path).href;
  const [program, ...args] =
    process.platform === "darwin"
      ? ["open", href]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", href]
        : ["xdg-open", href];
  await new Promise<void>((resolve) => {
    const child = spawn(program!, args, { stdio: "ignore", detached: true });
    child.once("error", () => resolve());
    child.once("spawn", () => {
      child.unref();
      resolve();
    });
  });
}
