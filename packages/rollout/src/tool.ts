import { z } from "zod";
import type { ToolStatus } from "./trajectory.js";

/** What a tool hands back. */
export interface ToolOutcome {
  /** Text for the policy. */
  readonly text: string;
  readonly status: ToolStatus;
  readonly fuel?: number;
}

/** Where a call comes from. */
export interface ToolContext {
  readonly problemId: string;
  readonly sampleIndex: number;
  /** The problem, where the caller of the batch gave it: a tool may read the columns of its row. */
  readonly problem?: unknown;
  /** Which call of the rollout this is, from 0. */
  readonly callIndex: number;
  /** Fires when the run is interrupted; the rollout waits until the tool has ended all the same. */
  readonly signal?: AbortSignal;
}

/** Which rollout a {@link ToolSession} belongs to. */
export type ToolSessionContext = Pick<ToolContext, "problemId" | "sampleIndex" | "problem">;

/** A tool's state during one rollout. */
export interface ToolSession {
  /** As {@link Tool.call}; calls of one turn arrive in their order and may overlap. */
  call(input: unknown, context: ToolContext): Promise<ToolOutcome>;
  /** Called once, when the rollout has ended, however it ended. */
  close(): Promise<void>;
}

/** What {@link defineTool} takes. */
export interface ToolDefinition<Schema extends z.ZodType> {
  readonly name: string;
  /** For prompts that list tools. */
  readonly description: string;
  /** Shape of the input. */
  readonly input: Schema;
  /** The result depends on the input alone, so that equal calls may share one. Default `false`. */
  readonly pure?: boolean;
  /** Runs on input that has been checked. A rejection becomes status `infra`; what a clock ended must say `timeout`. */
  execute(input: z.output<Schema>, context: ToolContext): Promise<ToolOutcome>;
}

/** A tool whose input is checked before it runs. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the input, as chat templates and function-calling prompts expect it. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Equal inputs give equal results, whoever asks. */
  readonly pure?: boolean;
  /** Never rejects: input of a wrong shape is an `error` that the policy reads, a tool that throws is `infra`. */
  call(input: unknown, context: ToolContext): Promise<ToolOutcome>;
  /** Only of a tool that has a state: begins it for one rollout, whose calls then go to the session. */
  begin?(context: ToolSessionContext): ToolSession;
}

/**
 * Defines a tool. The schema gives `execute` its input type, so a wrong shape is a compile error, and checks what the policy writes.
 *
 * @example
 * ```ts
 * const square = defineTool({
 *   name: "square",
 *   description: "Squares a number.",
 *   input: z.strictObject({ value: z.number() }),
 *   execute: async ({ value }) => ({ text: String(value * value), status: "ok" }),
 * });
 * ```
 */
export function defineTool<Schema extends z.ZodType>({ name, description, input, pure = false, execute }: ToolDefinition<Schema>): Tool {
  return {
    name,
    description,
    pure,
    parameters: z.toJSONSchema(input, { io: "input" }) as Record<string, unknown>,
    async call(raw, context) {
      try {
        const parsed = await input.safeParseAsync(raw);
        if (parsed.success) return await execute(parsed.data, context);
        const issue = parsed.error.issues[0]!;
        return { text: `invalid arguments for ${name}: ${issue.path.join(".") || "input"}: ${issue.message}`, status: "error" };
      } catch {
        return { text: `${name} is unavailable`, status: "infra" };
      }
    },
  };
}
