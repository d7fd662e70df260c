/** One thing that was looked at. */
export interface DoctorCheck {
  readonly name: string;
  /** `info` is neither good nor bad; `problem` keeps training from running. */
  readonly status: "ok" | "info" | "problem";
  readonly detail: string;
  /** The way out of a problem. */
  readonly fix?: string;
  /** The measured values, for programs. */
  readonly facts?: Readonly<Record<string, unknown>>;
}
