import { InputError, RetoolError } from "@retool-ts/core";
import { requestJson, type JsonAnswer, type JsonRequest } from "@retool-ts/http";

/** States of a job on a Ray cluster. */
export type RayStatus = "PENDING" | "RUNNING" | "SUCCEEDED" | "STOPPED" | "FAILED";

/** What a cluster tells of a job. */
export interface RayJob {
  readonly submission_id: string;
  readonly status: RayStatus;
  readonly entrypoint: string;
  /** Says why it waits, or how it ended. */
  readonly message?: string | null;
  readonly error_type?: string | null;
}

/** A job to start. */
export interface RaySubmission {
  readonly entrypoint: string;
  /** Default: the cluster's choice. */
  readonly id?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where the files of the job are, for the cluster to fetch; the folder that Ray was started in without it. */
  readonly workingDir?: string;
  readonly cpus?: number;
  readonly gpus?: number;
}

/** The Jobs API of a Ray cluster. It refuses requests of browsers, which `fetch` of Node says it is; so these go through `node:http`. */
export class RayJobs {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address.replace(/\/+$/, "");
  }

  /** Starts a job and gives its id. */
  async submit({ entrypoint, id, env, workingDir, cpus, gpus }: RaySubmission): Promise<string> {
    const runtime = { ...(env && { env_vars: env }), ...(workingDir !== undefined && { working_dir: workingDir }) };
    const body = {
      entrypoint,
      ...(id !== undefined && { submission_id: id }),
      ...(Object.keys(runtime).length > 0 && { runtime_env: runtime }),
      ...(cpus !== undefined && { entrypoint_num_cpus: cpus }),
      ...(gpus !== undefined && { entrypoint_num_gpus: gpus }),
    };
    const answer = await this.#ask("/api/jobs/", { method: "POST", body });
    // An id that is taken is a fault of the server's, with a traceback.
    if (answer.status === 500 && id !== undefined && (await this.#find(id)) !== undefined) {
      const problem = { what: "retool cluster", where: "--id", expected: "an id that no job of the cluster has", found: id };
      throw new InputError({ ...problem, fix: "choose another, or leave it out" });
    }
    return (this.#read(answer) as { readonly submission_id: string }).submission_id;
  }

  async list(): Promise<readonly RayJob[]> {
    return this.#read(await this.#ask("/api/jobs/")) as RayJob[];
  }

  /** @throws InputError when the cluster has no such job. */
  async job(id: string): Promise<RayJob> {
    return (await this.#find(id)) ?? this.#none(id);
  }

  /** All that the job has printed. */
  async logs(id: string): Promise<string> {
    const answer = await this.#ask(`/api/jobs/${encodeURIComponent(id)}/logs`);
    if (answer.status === 404) this.#none(id);
    return (this.#read(answer) as { readonly logs: string }).logs;
  }

  /** Tells a job to end by SIGTERM; false when it had ended. */
  async stop(id: string): Promise<boolean> {
    const answer = await this.#ask(`/api/jobs/${encodeURIComponent(id)}/stop`, { method: "POST" });
    if (answer.status === 404) this.#none(id);
    return (this.#read(answer) as { readonly stopped: boolean }).stopped;
  }

  async #find(id: string): Promise<RayJob | undefined> {
    const answer = await this.#ask(`/api/jobs/${encodeURIComponent(id)}`);
    return answer.status === 404 ? undefined : (this.#read(answer) as RayJob);
  }

  async #ask(path: string, request: JsonRequest = {}): Promise<JsonAnswer> {
    try {
      return await requestJson(this.#address + path, { timeoutMs: 120_000, ...request });
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      const problem = { what: "retool cluster", where: this.#address, expected: "the dashboard of a Ray cluster", found };
      throw new InputError({ ...problem, fix: "pass --address with its URL; Ray's default port is 8265" }, { cause: error });
    }
  }

  #read({ status, body }: JsonAnswer): unknown {
    if (status >= 200 && status < 300) return body;
    const text = typeof body === "string" ? body.trim() : JSON.stringify(body);
    // Of a traceback the last line says what was wrong.
    throw new RetoolError("RAY", `the Ray cluster at ${this.#address} answered ${status}: ${text.split("\n").at(-1)!.slice(0, 400)}`);
  }

  #none(id: string): never {
    const problem = { what: "retool cluster", where: id, expected: "the id of a job", found: "one that the cluster does not have" };
    throw new InputError({ ...problem, fix: "`retool cluster status` lists its jobs" });
  }
}

/** A job in a line, with the reason why it waits or failed. */
export function describeJob({ submission_id: id, status, entrypoint, message }: RayJob): string {
  const reason = (status === "PENDING" || status === "FAILED") && message ? `\n  ${message}` : "";
  return `${id}  ${status}  ${entrypoint}${reason}`;
}
