/** A promise of a result, to be asked for with `retrieve_future`. */
export interface FutureHandle {
  readonly type?: "future";
  readonly request_id: string;
  readonly future_id?: string;
  readonly status?: string;
  readonly model_id?: string | null;
  /** One a sample, in answers to `asample`; newer SDKs insist on it. */
  readonly sample_sequence_ids?: readonly string[];
}

/** Body of `retrieve_future`. */
export interface RetrieveFutureRequest {
  readonly request_id: string;
  readonly model_id?: string;
  readonly allow_metadata_only?: boolean;
}

/** A result that is not there yet; ask again. Others say so with status 408. */
export interface TryAgain {
  readonly type: "try_again";
  readonly request_id?: string;
  readonly queue_state?: string;
  readonly queue_state_reason?: string | null;
}

/** A failure that comes with status 200, by the names that servers give it. */
export interface FailedResult {
  readonly type?: "request_failed" | "RequestFailedResponse";
  readonly error?: string;
  readonly error_message?: string;
  /** Whose fault it is, in words of the server: `user`, `server`, `unknown`. */
  readonly category?: string;
}

/** Body of an answer that is no success. */
export interface ErrorBody {
  readonly detail: string | readonly { readonly loc?: readonly (string | number)[]; readonly msg: string }[];
}
