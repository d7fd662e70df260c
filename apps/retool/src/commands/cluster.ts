import { type Command, InvalidArgumentError } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import { nonNegativeNumber, repeated, webAddress } from "./option-values.js";

const DEFAULT_ADDRESS = "http://127.0.0.1:8265";

interface SubmitOptions {
  readonly address: string;
  readonly id?: string;
  readonly workingDir?: string;
  readonly env: readonly string[];
  readonly cpus?: number;
  readonly gpus?: number;
}

/** Programs on a Ray cluster: our server, another Tinker server, or anything else. */
export function register(program: Command, context: CliContext): void {
  const group = program.command("cluster").description("programs on a Ray cluster, such as the server that a run trains on");
  const add = (name: string, description: string) =>
    group.command(name).description(description).option("--address <url>", "the cluster's dashboard", webAddress, DEFAULT_ADDRESS);

  add("submit", "start a program on the cluster, and print the job's id")
    .argument("<command...>", "the program with its arguments, behind --")
    .addOption(optional("--id <id>", "id of the job", "the cluster's choice"))
    .addOption(optional("--working-dir <uri>", "where the cluster fetches the job's files", "the folder that Ray was started in"))
    .option("--env <name=value>", "environment variable of the program; may be repeated", variable, [])
    .addOption(optional("--cpus <n>", "CPUs that it waits for", "none", nonNegativeNumber))
    .addOption(optional("--gpus <n>", "GPUs that it waits for", "none", nonNegativeNumber))
    .addHelpText("after", "\nExample:\n  $ retool cluster submit --gpus 1 -- retool engine serve hub:Qwen/Qwen2.5-7B-Instruct --port 8765")
    .action(async (words: string[], { address, id, workingDir, env, cpus, gpus }: SubmitOptions) => {
      const { submit } = await import("./cluster-run.js");
      const variables = Object.fromEntries(env.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
      const submission = {
        entrypoint: words.map(quoted).join(" "),
        ...(id !== undefined && { id }),
        ...(workingDir !== undefined && { workingDir }),
        ...(env.length > 0 && { env: variables }),
        ...(cpus !== undefined && { cpus }),
        ...(gpus !== undefined && { gpus }),
      };
      await submit(address, submission, context);
    });

  add("status", "the cluster's jobs, and why one waits or has failed")
    .argument("[job]", "id of a job; all without it")
    .option("--json", "print what the cluster says as JSON", false)
    .action(async (id: string | undefined, { address, json }: { readonly address: string; readonly json: boolean }) => {
      const { status } = await import("./cluster-run.js");
      await status(address, id, json, context);
    });

  add("logs", "what a job has printed")
    .argument("<job>", "id of the job")
    .option("--follow", "go on until the job ends", false)
    .action(async (id: string, { address, follow }: { readonly address: string; readonly follow: boolean }) => {
      const { logs } = await import("./cluster-run.js");
      await logs(address, id, { follow }, context);
    });

  add("stop", "tell a job to end, by SIGTERM")
    .argument("<job>", "id of the job")
    .action(async (id: string, { address }: { readonly address: string }) => {
      const { stop } = await import("./cluster-run.js");
      await stop(address, id, context);
    });
}

function variable(text: string, before: readonly string[]): string[] {
  if (!/^[A-Za-z_]\w*=/.test(text)) throw new InvalidArgumentError("A variable such as NAME=value is needed.");
  return repeated(text, before);
}

/** A word as a shell reads it back. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
