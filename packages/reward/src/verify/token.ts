export interface Token {
  /** A run of words is one `text`; a `mark` is a sign or bracket. */
  readonly kind: "number" | "letter" | "command" | "mark" | "text";
  readonly text: string;
  /** As the answer has it, for messages: `×` for the command `times`. */
  readonly shown: string;
  /** Set if a blank stands before it. */
  readonly isSpaced: boolean;
}

export interface TokenOptions {
  /** Set if a comma or blank between groups of three digits, outside brackets, belongs to a number. */
  readonly thousands: boolean;
}
