import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { InputError, RetoolError } from "@retool-ts/core";
import { HttpFault } from "@retool-ts/http";
import { BreathingSpace } from "../breathing-space.js";
import { FairTurns } from "../fair-turns.js";
import { WeightsPool } from "../sampling/open-weights.js";
import type { ServedBase } from "../served-base.js";
import { Sessions } from "../sessions.js";
import { Checkpoints } from "../state/checkpoints.js";
import { FutureFiles, type KeptRequest, type RequestRecord } from "../state/future-files.js";
import { Futures } from "../state/futures.js";
import { JsonRecords } from "../state/json-records.js";
import { ModelFiles } from "../state/model-files.js";
import { CANCELLED, failed, type Outcome } from "../state/outcome.js";
import { TrainingModel } from "../training/training-model.js";
import type { Plan, SamplerRecord, ServiceContext, ServiceLimits } from "./context.js";
import { faultOutcome } from "./fault-outcome.js";
import { notServed } from "./lookup.js";
import { planRequest, readBody, type FutureRouteName, type RawBody } from "./plan-request.js";
import { conflict, hashOf, promiseOf, used } from "./promise-of.js";
import { pushRefused, type Refusal } from "./refusal.js";
import { full } from "./training-plans.js";

/** Settings of a {@link TinkerService}. */
export interface TinkerServiceOptions extends ServiceLimits {
  readonly bases: readonly ServedBase[];
  readonly folder: string;
  readonly keepMs: number;
  readonly sessionTimeoutMs: number;
  readonly idleWeights: number;
  readonly now: () => number;
  /** Hears of faults that no client is told. */
  readonly onFault: (error: unknown) => void;
}

/** Takes requests, runs them fairly and in order, and keeps what a crash must not lose. It knows no HTTP. */
export class TinkerService {
  readonly context: ServiceContext;
  readonly futures: Futures;
  /** Requests that are being answered, for which passes pause. */
  readonly breathing = new BreathingSpace();
  readonly #options: TinkerServiceOptions;
  readonly #closing = new AbortController();
  readonly #atWork = new Set<Promise<void>>();
  /** Ids of requests whose work has begun. */
  readonly #begun = new Set<string>();
  readonly #files: FutureFiles;
  /** Sessions of models whose state cannot be read, by the model. */
  readonly #lost = new Map<string, string>();
  #taken = 0;

  private constructor(options: TinkerServiceOptions) {
    const { folder, now, keepMs } = options;
    this.#options = options;
    this.#files = new FutureFiles(join(folder, "requests"));
    this.futures = new Futures({ files: this.#files, keepMs, abandonMs: 3_600_000, now, isNeeded: (record) => this.#isNeeded(record) });
    this.context = {
      bases: options.bases,
      limits: options,
      sessions: new Sessions(join(folder, "sessions"), { now, timeoutMs: options.sessionTimeoutMs }),
      models: new Map(),
      modelFiles: new ModelFiles(join(folder, "models")),
      checkpoints: new Checkpoints(join(folder, "checkpoints")),
      unnamed: new Checkpoints(join(folder, "sampler-weights")),
      samplers: new Map(),
      samplerRecords: new JsonRecords<SamplerRecord>(join(folder, "samplers")),
      weights: new WeightsPool({ maxSequences: options.maxSequences, idle: options.idleWeights }),
      compute: new FairTurns(1, this.breathing.pause),
      sequences: new FairTurns(options.maxSequences),
      gather: this.breathing.pause,
      now,
      counts: { sampledTokens: 0, trainedTokens: 0 },
    };
  }

  /** Opens a state folder, and goes on with what a process before left undone. */
  static async open(options: TinkerServiceOptions): Promise<TinkerService> {
    const service = new TinkerService(options);
    await service.#restore();
    return service;
  }

  /**
   * Takes a request: it is understood, checked and on the disk when its promise is given.
   *
   * @param idempotencyKey - the client's own name for the request, where its body has none
   * @throws HttpFault when it is refused; nothing has been done then.
   */
  async submit(route: FutureRouteName, body: RawBody, idempotencyKey?: string): Promise<Readonly<Record<string, unknown>>> {
    const { value, model: modelId, seq, addsGradients } = readBody(route, body);
    let plan: Plan;
    try {
      plan = planRequest(this.context, route, value);
    } catch (error) {
      const model = modelId === undefined ? undefined : this.context.models.get(modelId);
      if (model !== undefined && error instanceof HttpFault) await this.#passBy(model, { route, seq, body, error, addsGradients });
      throw error;
    }
    const key = plan.key ?? (idempotencyKey === undefined ? undefined : `${route} ${idempotencyKey}`);
    const hash = hashOf(body);
    const before = key === undefined ? undefined : this.futures.named(key);
    if (before !== undefined) return this.#again(before, plan, hash);
    const { model } = plan;
    if (model !== undefined && plan.seq !== undefined && model.order.isPast(plan.seq)) throw used(plan.seq);
    this.#checkRoom(plan);
    const record: RequestRecord = {
      id: randomUUID(),
      route,
      order: ++this.#taken,
      session: plan.session,
      hash,
      contentType: body.contentType,
      ...(model !== undefined && { model: model.id }),
      ...(plan.seq !== undefined && { seq: plan.seq }),
      ...(key !== undefined && { key }),
      ...(plan.seed !== undefined && { seed: plan.seed }),
    };
    await this.futures.add(record, body.bytes);
    this.#dispatch(record, plan, addsGradients);
    return promiseOf(record, plan);
  }

  /**
   * Ends a request that its client wants no more. One that waits never runs, not even after a crash, and keeps its place in its model's order;
   * one at work ends at its next pause, or as it would have.
   */
  async cancel(id: string): Promise<void> {
    this.futures.cancel(id);
    if (!this.#begun.has(id)) await this.futures.settle(id, CANCELLED);
  }

  /** Ends a session: its models, its samplers and its requests; named checkpoints stay. */
  async endSession(id: string, why: string): Promise<void> {
    const { sessions, models, modelFiles, samplers, samplerRecords, unnamed } = this.context;
    await sessions.remove(id);
    await this.futures.failAll(id, why);
    for (const model of models.values()) if (model.session === id) await this.#unload(model, why);
    for (const [model, session] of this.#lost) {
      if (session !== id) continue;
      this.#lost.delete(model);
      await modelFiles.remove(model);
    }
    for (const sampler of samplers.values()) {
      if (sampler.session !== id) continue;
      samplers.delete(sampler.id);
      await samplerRecords.remove(sampler.id);
    }
    for (const { path } of await unnamed.list()) if (path.model.startsWith(`${id}:`)) await unnamed.remove(path);
    this.futures.release(id);
  }

  /** Ends silent sessions, and forgets what was kept long enough. */
  async sweep(): Promise<void> {
    const seconds = this.#options.sessionTimeoutMs / 1000;
    for (const id of this.context.sessions.expired()) await this.endSession(id, `session ${id} has ended: no heartbeat for ${seconds} s`);
    await this.futures.sweep();
    await this.context.checkpoints.sweep(this.#options.now());
  }

  /** Ends what is at work at its next pause. What is undone stays on the disk, for the next process. */
  async close(): Promise<void> {
    this.#closing.abort(new RetoolError("CLOSING", "the server is closing"));
    await Promise.all([...this.context.models.values()].map((model) => model.close()));
    await Promise.all(this.#atWork);
    await this.context.weights.dispose();
  }

  /** The same request again: it has one promise. */
  async #again(before: RequestRecord, plan: Plan, hash: string) {
    if (before.hash !== hash) throw before.seq === undefined ? conflict(before.key!) : used(before.seq);
    await this.futures.kept(before.id);
    return promiseOf(before, plan);
  }

  #checkRoom({ session, model, seq }: Plan): void {
    const { maxOutstanding } = this.#options;
    if (this.futures.outstanding(session) < maxOutstanding) return;
    // Those that came wait for this one: refusing it would fill the room for good.
    if (model !== undefined && seq !== undefined && model.order.isAwaited(seq)) return;
    throw full(`${maxOutstanding} requests of this session wait or were not fetched; fetch results first`);
  }

  /** Lets a refused request have its place in the order, after a crash as well, so that those behind it do not wait for ever. */
  async #passBy(model: TrainingModel, refusal: Refusal): Promise<void> {
    const { route, seq, body, error } = refusal;
    if (seq !== undefined && model.order.isPast(seq)) return;
    pushRefused(model, refusal);
    if (seq === undefined) return;
    const { session, id } = model;
    const record = {
      id: randomUUID(),
      route,
      order: ++this.#taken,
      session,
      model: id,
      seq,
      hash: hashOf(body),
      contentType: body.contentType,
    };
    await this.futures.add(record, body.bytes);
    await this.futures.settle(record.id, failed(error.message));
    this.futures.delivered(record.id);
  }

  #dispatch(record: RequestRecord, plan: Plan, addsGradients: boolean): void {
    const run = () => this.#execute(record, plan, addsGradients);
    if (plan.model === undefined) {
      const work = run().finally(() => this.#atWork.delete(work));
      this.#atWork.add(work);
      return;
    }
    const drop = (missing: number) => {
      const error = `seq_id ${missing} did not come, and ${record.seq} waits for it no longer`;
      this.futures.settle(record.id, failed(error)).catch(this.#options.onFault);
    };
    plan.model.order.push({ seq: plan.seq, run, drop });
  }

  async #execute(record: RequestRecord, plan: Plan, addsGradients: boolean): Promise<void> {
    const cancelled = this.futures.signal(record.id) ?? new AbortController().signal;
    const signal = AbortSignal.any([this.#closing.signal, cancelled]);
    let outcome: Outcome;
    try {
      signal.throwIfAborted();
      this.#begun.add(record.id);
      outcome = await plan.run(record, signal);
      if (record.route === "unload_model") await this.#unloadNamed(outcome);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      outcome = cancelled.aborted ? CANCELLED : faultOutcome(error, this.#options.onFault);
      // The next step would have had its gradients.
      if (cancelled.aborted && addsGradients) plan.model?.spoil("it was cancelled");
    } finally {
      this.#begun.delete(record.id);
    }
    await this.futures.settle(record.id, outcome).catch(this.#options.onFault);
  }

  async #unloadNamed(outcome: Outcome): Promise<void> {
    const id = outcome.kind === "json" ? outcome.body["model_id"] : undefined;
    const model = typeof id === "string" ? this.context.models.get(id) : undefined;
    if (model !== undefined) await this.#unload(model, `model ${model.id} was unloaded`);
  }

  async #unload(model: TrainingModel, why: string): Promise<void> {
    this.context.models.delete(model.id);
    await model.close();
    await this.futures.failModel(model.id, why);
    await this.context.modelFiles.remove(model.id);
  }

  /** True while the state of a request's model is older than the request. */
  #isNeeded({ model: id, seq, order }: RequestRecord): boolean {
    const model = id === undefined ? undefined : this.context.models.get(id);
    if (model === undefined) return false;
    return seq === undefined ? order > model.record.order : seq >= model.record.next;
  }

  async #restore(): Promise<void> {
    const { bases, sessions, samplers, samplerRecords, models, modelFiles: files, compute, limits } = this.context;
    await sessions.restore();
    for (const sampler of await samplerRecords.read()) samplers.set(sampler.id, sampler);
    for (const record of await files.read()) {
      const base = bases.find(({ name }) => name === record.baseModel);
      if (base === undefined) throw notServed(this.#options.folder, record.baseModel);
      try {
        models.set(record.id, await TrainingModel.open({ record, base, files, compute, gapTimeoutMs: limits.gapTimeoutMs }));
      } catch (error) {
        if (!InputError.isInstance(error)) throw error;
        // One client's training that diverged must not keep the server from all others.
        this.#lost.set(record.id, record.session);
        this.#options.onFault(error);
      }
    }
    for (const kept of await this.#files.read()) await this.#takeUp(kept);
  }

  /** A request of the process before: its outcome is there, or it is done now; a pass whose gradients were lost is done again. */
  async #takeUp({ record, body, outcome }: KeptRequest): Promise<void> {
    this.#taken = Math.max(this.#taken, record.order);
    this.futures.restore(record, outcome);
    if (outcome !== undefined && !this.#isNeeded(record)) return;
    const route = record.route as FutureRouteName;
    const raw = { bytes: body, contentType: record.contentType };
    const { value, seq, addsGradients } = readBody(route, raw);
    if (outcome?.kind === "failed" && outcome.isCancelled === true) this.futures.cancel(record.id);
    try {
      this.#dispatch(record, planRequest(this.context, route, value), addsGradients);
    } catch (error) {
      const model = this.context.models.get(record.model ?? "");
      if (model !== undefined && error instanceof HttpFault) pushRefused(model, { route, seq, body: raw, error, addsGradients });
      await this.futures.settle(record.id, faultOutcome(error, this.#options.onFault));
    }
  }
}
