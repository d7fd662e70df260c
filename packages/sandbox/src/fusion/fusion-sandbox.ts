import { InputError } from "@retool-ts/core";
import { CountingSandbox, type SandboxDefaults, type SingleRun } from "../counting-sandbox.js";
import { resolveLimits, type Limits } from "../limits.js";
import type { ExecutionResult, Sandbox, Session } from "../sandbox.js";
import { sandboxFusionClient, type SandboxFusionClientOptions } from "./fusion-client.js";

/** Options of {@link fusionSandbox}. */
export interface FusionSandboxOptions extends SandboxFusionClientOptions {
  readonly limits?: Partial<Limits>;
}

/**
 * A SandboxFusion server as a sandbox: each run is a request of its own. It has no sessions, for the server's API keeps none, and no
 * fuel: a verdict `timeout` is that of the server's clock.
 */
export function fusionSandbox({ limits, ...options }: FusionSandboxOptions): Sandbox {
  return new FusionSandbox(options, { workers: options.rateLimit ?? 10, seed: 0, limits: resolveLimits(limits) });
}

class FusionSandbox extends CountingSandbox {
  readonly #client: Pick<Sandbox, "run">;
  readonly #requests: { running: number };

  constructor(options: SandboxFusionClientOptions, defaults: SandboxDefaults) {
    const requests = { running: 0, queued: 0, restarts: 0, close: () => Promise.resolve() };
    super(requests, defaults);
    this.#requests = requests;
    this.#client = sandboxFusionClient(options);
  }

  async open(): Promise<Session> {
    throw new InputError({
      what: "sandbox",
      where: "open",
      expected: "a sandbox that keeps worlds",
      found: "a SandboxFusion server, which runs each code on its own",
      fix: "run stateless (sandbox.stateful: false), or use a sandbox in this process",
    });
  }

  protected async runOnce({ code, limits, signal }: SingleRun): Promise<ExecutionResult> {
    this.#requests.running++;
    try {
      const result = await this.#client.run(code, { limits, ...(signal === undefined ? {} : { signal }) });
      this.countFinished(result.status);
      return result;
    } finally {
      this.#requests.running--;
    }
  }
}
