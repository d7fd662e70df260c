/** Checks whether two answers are the same choices of several, `A, B, C` or `ABC`. */
export function isSameChoices(gold: string, prediction: string): boolean {
  const [wanted, given] = [lettersOf(gold), lettersOf(prediction)];
  return wanted !== undefined && wanted === given;
}

/** Two or more different letters A to H, in order; undefined for anything else, such as the name of a triangle in another order. */
function lettersOf(text: string): string | undefined {
  const plain = text.replace(/\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}/g, "$1").trim();
  const letters = /^[A-H](?:(?:[\s,;]|and)*[A-H])+$/.test(plain) ? plain.match(/[A-H]/g)! : [];
  const sorted = letters.toSorted().join("");
  const isOrdered = /[,;\s]/.test(plain) || letters.join("") === sorted;
  return letters.length > 1 && new Set(letters).size === letters.length && isOrdered ? sorted : undefined;
}
