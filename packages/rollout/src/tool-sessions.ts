import type { Tool, ToolSession, ToolSessionContext } from "./tool.js";

/** The tools of one rollout, and the end of their states. */
export interface RolloutTools {
  readonly tools: readonly Tool[];
  /** Closes every session, and waits for all; a session that fails to close leaves the rollout as it is. */
  close(): Promise<void>;
}

/** Begins a session of each tool that has a state; calls of the tools that are returned go there. */
export function beginTools(tools: readonly Tool[], { problemId, sampleIndex, problem }: ToolSessionContext): RolloutTools {
  const sessions: ToolSession[] = [];
  const own = tools.map((tool): Tool => {
    if (tool.begin === undefined) return tool;
    const session = beginSession(tool, { problemId, sampleIndex, problem });
    sessions.push(session);
    const { name, description, parameters } = tool;
    return { name, description, parameters, call: (input, context) => session.call(input, context) };
  });
  return {
    tools: own,
    async close() {
      await Promise.allSettled(sessions.map(async (session) => session.close()));
    },
  };
}

/** A tool that cannot begin fails at its first call, so that the rollout ends as one that its tool spoiled. */
function beginSession(tool: Tool, context: ToolSessionContext): ToolSession {
  try {
    return tool.begin!(context);
  } catch (error) {
    return { call: () => Promise.reject(error), close: async () => {} };
  }
}
