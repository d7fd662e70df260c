import type { TokenLoss } from "@retool-ts/algorithms";
import type { ModelTokenizer, Tokenizer } from "@retool-ts/data";
import type { Scorer } from "@retool-ts/engine";
import type { PolicyModel } from "@retool-ts/evaluate";
import type { RunFolder } from "@retool-ts/runs";
import type { Reporter } from "../shell/log.js";

/** A model ready to sample and learn, and where it comes from. */
export interface OpenedModel extends ModelTokenizer, PolicyModel<TokenLoss> {
  readonly unusedTokenIds: ModelTokenizer["unusedTokenIds"];
  readonly eosTokenIds: ModelTokenizer["eosTokenIds"];
  readonly tokenizer: Tokenizer;
  /** Where it computes, and why, in a few words. */
  readonly backend: string;
  readonly backendReason: string;
  /** The model that was loaded, without an adapter on it; null = random weights. */
  readonly base: string | null;
}

/** A model of a run, wherever it computes. */
export interface RunModel extends OpenedModel {
  /** Facts about the engine that a run's manifest keeps. */
  readonly engineFacts?: Readonly<Record<string, unknown>>;
  /** Writes a checkpoint of a run. */
  saveCheckpoint(folder: string, run: RunFolder): Promise<void>;
  /** The frozen policy that the config names beside the run's own; the caller disposes of it. */
  openReference(): Promise<(Scorer & { dispose(): void }) | undefined>;
  close(): Promise<void>;
}

/** What opening a model may need beside the config. */
export interface OpenModelContext {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Facts that the run's manifest has, so that nothing is found out twice. */
  readonly engineFacts?: unknown;
}
