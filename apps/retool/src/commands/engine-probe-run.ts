import { InputError } from "@retool-ts/core";
import {
  probeServer,
  reportLines,
  TinkerAuthenticationError,
  TinkerClient,
  TinkerError,
  type TinkerClientOptions,
} from "@retool-ts/tinker";
import type { CliContext } from "../shell/cli-context.js";
import type { ProbeCommandOptions } from "./engine-probe.js";

/** Probes a server and prints what it found. */
export async function probe(
  url: string,
  { baseModel, rank, vocabSize, eos, json }: ProbeCommandOptions,
  context: CliContext,
): Promise<void> {
  const { reporter, signal, print } = context;
  const apiKey = process.env["TINKER_API_KEY"];
  const client = await connect({
    baseUrl: url,
    ...(apiKey && { apiKey, headers: { authorization: `Bearer ${apiKey}` } }),
    signal,
    connectRetries: 1, // whoever probes waits, and a server that is there answers
    onRetry: ({ route, attempt, error }) => {
      if (attempt >= 2) reporter.say(`${route}: try ${attempt + 1}, after: ${error.message}`);
    },
  });
  try {
    const model = baseModel ?? client.modelNames[0];
    if (model === undefined || (baseModel === undefined && client.modelNames.length > 1)) {
      const found = model === undefined ? "a server that names none" : `${client.modelNames.length} on the server`;
      const fix =
        model === undefined ? "pass --base-model with the server's name of it" : `pass --base-model ${client.modelNames.join(" or ")}`;
      throw new InputError({ what: "retool engine probe", where: "--base-model", expected: "one of the server's models", found, fix });
    }
    reporter.say(`asking ${url} about ${model}`);
    const report = await probeServer(client, { baseModel: model, rank, vocabSize, signal, ...(eos !== undefined && { eosTokenId: eos }) });
    const lines = reportLines(report);
    const width = Math.max(...lines.map(([question]) => question.length));
    print(json ? JSON.stringify(report, null, 2) : lines.map(([question, answer]) => `${question.padEnd(width)}  ${answer}`).join("\n"));
  } finally {
    await client.close();
  }
}

/** @throws InputError when no Tinker server answers at the address. */
async function connect(options: TinkerClientOptions): Promise<TinkerClient> {
  try {
    return await TinkerClient.connect(options);
  } catch (error) {
    if (!(error instanceof TinkerError) || error instanceof TinkerAuthenticationError || options.signal?.aborted) throw error;
    const problem = { what: "retool engine probe", where: options.baseUrl, expected: "a server of the Tinker API", found: error.message };
    throw new InputError({ ...problem, fix: "check address and port; `retool engine serve` starts a server of ours" }, { cause: error });
  }
}
