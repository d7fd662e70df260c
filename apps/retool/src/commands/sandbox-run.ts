import { InputError, RetoolError } from "@retool-ts/core";
import { addWheels, createSandbox, installPackages, pythonFolder, serveSandboxFusion, type InstallProgress } from "@retool-ts/sandbox";
import type { Reporter } from "../shell/log.js";
import type { CliContext } from "../shell/cli-context.js";
import { untilStopped } from "../shell/until-stopped.js";
import type { LimitOptions } from "./limit-options.js";
import { limitsOf, preloadOf, pythonOf } from "./exec-run.js";

export interface ServeOptions extends LimitOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly workers: number;
  readonly pythonBackend?: string;
  readonly maxConcurrency: number;
  readonly queueLimit: number;
  readonly maxBodyBytes: number;
}

/** Part of the command line's context that {@link serve} uses. */
export type ServeContext = Pick<CliContext, "print" | "reporter" | "signal">;

/** Serves the sandbox until the first Ctrl-C or SIGTERM; requests at work then have ten seconds to end. */
export async function serve(options: ServeOptions, { print, reporter, signal }: ServeContext): Promise<void> {
  const { workers, host, port, maxConcurrency, queueLimit, maxBodyBytes } = options;
  const token = options.token ?? process.env["RETOOL_SANDBOX_TOKEN"];
  const limits = limitsOf(options);
  await using sandbox = await createSandbox({ workers, limits, preload: preloadOf(options) });
  const python = pythonOf(options.pythonBackend);
  const shared = {
    sandbox,
    python: () => createSandbox({ workers, limits, language: "python", python }),
    host,
    port,
    maxConcurrency,
    queueLimit,
    maxBodyBytes,
    limits,
  };
  const server = await serveSandboxFusion(token === undefined || token === "" ? shared : { ...shared, token });
  print(server.url);
  reporter.say("Ctrl-C ends the server.");
  try {
    await untilStopped(signal);
  } finally {
    await server.close();
  }
}

/** Checks wheels and puts them where Python's sandboxes find them. */
export function addPythonWheels(paths: readonly string[], folder: string | undefined, { print }: Pick<CliContext, "print">): void {
  const added = withCommand("retool sandbox python install NAME puts packages of Pyodide's distribution in place", () =>
    addWheels(paths, folder),
  );
  for (const { name, version } of added) print(`${name} ${version} is in ${pythonFolder(folder)}`);
}

/** Adds the command of this program with which a fault can be mended. */
function withCommand<T>(hint: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw hinted(error, hint);
  }
}

function hinted(error: unknown, hint: string): unknown {
  if (error instanceof InputError) return new InputError({ ...error.problem, fix: `${error.problem.fix}; ${hint}` });
  if (error instanceof RetoolError && error.code === "PYTHON_PACKAGES")
    return new RetoolError(error.code, `${error.message}; ${hint}`, { cause: error });
  return error;
}

export interface InstallCommandOptions {
  readonly from?: string;
  readonly output?: string;
  readonly quiet: boolean;
}

/** Fetches packages of Pyodide's distribution, and prints a line for each. */
export async function installPythonPackages(
  names: readonly string[],
  { from, output }: InstallCommandOptions,
  { print, reporter, signal }: Pick<CliContext, "print" | "reporter" | "signal">,
): Promise<void> {
  let shown: { readonly name: string; readonly bar: ReturnType<Reporter["progress"]> } | undefined;
  const kilobytes = (bytes: number): number => Math.round(bytes / 1e3);
  const onProgress = ({ name, loaded, total }: InstallProgress): void => {
    if (shown?.name !== name) {
      shown?.bar.done();
      shown = { name, bar: reporter.progress(`${name}, kB`, kilobytes(total ?? 0), kilobytes(loaded)) };
    }
    shown.bar.update(kilobytes(loaded));
  };
  try {
    const installed = await installPackages(names, {
      signal,
      onProgress,
      ...(from === undefined ? {} : { from }),
      ...(output === undefined ? {} : { folder: output }),
    });
    for (const { name, version, isNew } of installed) print(`${name} ${version} is ${isNew ? "" : "already "}in ${pythonFolder(output)}`);
  } catch (error) {
    if (!(error instanceof InputError)) {
      throw hinted(
        error,
        "retool sandbox python install NAME --from FOLDER|ARCHIVE|URL takes files from elsewhere, --output keeps them elsewhere",
      );
    }
    throw /wheel/.test(error.problem.fix) ? hinted(error, "retool sandbox python add-wheel FILE does it") : error;
  } finally {
    shown?.bar.done();
  }
}
