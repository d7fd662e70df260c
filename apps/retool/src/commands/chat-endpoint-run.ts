import { visibleText } from "@retool-ts/runs";
import type { CliContext } from "../shell/cli-context.js";
import { endpointRollout } from "../evaluation/endpoint-rollout.js";
import { withOptions } from "../evaluation/eval-options.js";
import { endpointConfig, knowEndpoint, openEndpoint, type EndpointOptions } from "../evaluation/open-endpoint.js";
import { eachQuestion, type ChatOptions } from "./chat-run.js";

/** Answers questions with a model behind an OpenAI-compatible server, and shows each turn and what its tools returned. Each question starts afresh. */
export async function chatWithEndpoint(options: ChatOptions & EndpointOptions, { print, reporter, signal }: CliContext): Promise<void> {
  const { temperature, topP, seed, model: name } = options;
  const known = await knowEndpoint(options, signal);
  const config = { ...withOptions(await endpointConfig(options, known.abilities), { temperature, topP, topK: 0 }), seed };
  const endpoint = await openEndpoint(name, config, known);
  try {
    const answer = async (question: string, asked: number) => {
      const problem = { id: `chat-${asked}`, question, answer: "", source: "chat" };
      const rollout = await endpointRollout(problem, 0, { ...endpoint, onText: (_, text) => print(visibleText(text)) });
      if (rollout.status === "failed") return print(`[no reply: ${visibleText(rollout.reason)}]`);
      const { stopReason } = rollout.trajectory;
      print(stopReason === "answered" || stopReason === "eos" ? "" : `[${stopReason}]`);
    };
    if (options.question !== undefined) return await answer(options.question, 0);
    reporter.say(`${name} at ${options.endpoint}: ask a question; an empty line or Ctrl-D ends.`);
    await eachQuestion(signal, answer);
  } finally {
    await endpoint.world.close();
  }
}
