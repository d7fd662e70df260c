/** A token with its log-probability, as a server tells it. */
export interface ToldToken {
  readonly id: number;
  readonly logprob: number;
}

/**
 * Log-probabilities of tokens by a list that may lack some of them, in order: undefined where it is lacking, and where nobody can say which
 * of several equal tokens it has.
 *
 * Undefined as a whole when the list has what the tokens have not.
 */
export function knownLogProbs(tokens: readonly number[], told: readonly ToldToken[]): (number | undefined)[] | undefined {
  const earliest = earliestPlaces(
    tokens,
    told.map(({ id }) => id),
  );
  const latest = earliestPlaces(tokens.toReversed(), told.map(({ id }) => id).toReversed());
  if (earliest === undefined || latest === undefined) return undefined;
  const known = tokens.map((): number | undefined => undefined);
  earliest.forEach((place, i) => {
    if (place === tokens.length - 1 - latest[told.length - 1 - i]!) known[place] = told[i]!.logprob;
  });
  return known;
}

function earliestPlaces(tokens: readonly number[], ids: readonly number[]): number[] | undefined {
  let from = 0;
  const places = ids.map((id) => {
    const place = tokens.indexOf(id, from);
    from = place < 0 ? tokens.length : place + 1;
    return place;
  });
  return places.includes(-1) ? undefined : places;
}
