/** Parts of the recipe that a command runs. */
export interface RecipeParts {
  readonly sft: boolean;
  readonly rl: boolean;
}
