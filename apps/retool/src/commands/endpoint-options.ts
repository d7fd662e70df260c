import { Option, type Command } from "commander";
import type { EndpointOptions } from "../evaluation/open-endpoint.js";
import { optional } from "../shell/option-texts.js";
import { positiveNumber, webAddress, wholeNumber } from "./option-values.js";

/** Adds the options of a model behind an OpenAI-compatible server. */
export function addEndpointOptions(command: Command): Command {
  return command
    .addOption(
      optional(
        "--endpoint <url>",
        "OpenAI-compatible server whose model is named, with the tools run here",
        "a model of this machine",
        webAddress,
      ),
    )
    .option("--api-key-env <name>", "environment variable with the endpoint's key", "OPENAI_API_KEY")
    .addOption(new Option("--key-env <name>").hideHelp())
    .option("--concurrency <n>", "requests to the endpoint at once", positiveNumber, 4)
    .addOption(optional("--requests-per-minute <n>", "requests to the endpoint per minute at most", "any number", positiveNumber))
    .option("--retries <n>", "further tries after 429, 5xx and timeouts of the endpoint", wholeNumber, 5)
    .option("--retry-delay-ms <ms>", "wait before the second try, unless the endpoint says how long; it doubles", wholeNumber, 1_000)
    .option("--timeout-s <seconds>", "time for one reply of the endpoint", positiveNumber, 600);
}

/** Options as they are parsed. */
export type ParsedEndpointOptions = Omit<EndpointOptions, "endpoint"> & { readonly endpoint?: string; readonly keyEnv?: string };

/** The endpoint that was named; undefined without one. Ends the command where an option means nothing without it. */
export function namedEndpoint(options: ParsedEndpointOptions, command: Command): EndpointOptions | undefined {
  const { endpoint, keyEnv, apiKeyEnv, concurrency, requestsPerMinute, retries, retryDelayMs, timeoutS } = options;
  const ours = ["apiKeyEnv", "keyEnv", "concurrency", "requestsPerMinute", "retries", "retryDelayMs", "timeoutS"];
  const given = command.options.find(
    (option) => ours.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (endpoint === undefined) {
    if (given !== undefined) command.error(`error: ${given.long} is of an endpoint, and none is named\n(Name it with --endpoint.)`);
    return undefined;
  }
  const elsewhere = command.options.find(
    (option) =>
      ["engine", "baseUrl", "baseModel"].includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (elsewhere !== undefined) {
    command.error(
      `error: ${elsewhere.long} says where a policy of ours computes, and the model is one behind --endpoint\n(Name one of the two.)`,
    );
  }
  return {
    endpoint,
    apiKeyEnv: keyEnv ?? apiKeyEnv,
    concurrency,
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    retries,
    retryDelayMs,
    timeoutS,
  };
}
