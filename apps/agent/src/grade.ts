import type { AgentScore, AgentTask } from "retool";

/** 1 for the right answer in a box, −1 for any other. */
export function grade({ answer }: Pick<AgentTask["problem"], "answer">, text: string, turns: number): AgentScore {
  const given = /\\boxed\{([^}]*)\}/.exec(text)?.[1];
  const correct = given === answer;
  return { score: correct ? 1 : -1, correct, metrics: { turns }, ...(given !== undefined && { info: given }) };
}
