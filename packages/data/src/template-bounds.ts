/** A node of a parsed template; what kind it is stands in `type`. */
type Node = Readonly<Record<string, unknown>>;

/** The names under which a rewritten template finds its counter and its `range`: no template can spell them. */
export const COUNT = "count a step";
export const RANGE = "range with a limit";

/** Rounds of loops, calls of macros and numbers of ranges that one rendering may take. Real templates take some for each message. */
const MOST_STEPS = 200_000;

/**
 * A parsed Jinja template that counts its steps: each round of a loop and each call of a macro calls {@link COUNT}, and `range` is
 * {@link RANGE}. So a template that comes with a model can hold up neither a run nor a machine.
 */
export function withBounds<T>(node: T): T {
  if (Array.isArray(node)) {
    for (const child of node) withBounds(child);
    return node;
  }
  if (typeof node !== "object" || node === null) return node;
  for (const child of Object.values(node)) withBounds(child);
  const { type, body, callee } = node as Node;
  if ((type === "For" || type === "Macro") && Array.isArray(body)) body.unshift(countingStep());
  if (type === "CallExpression" && isNamed(callee, "range")) Object.assign(node, { callee: { type: "Identifier", value: RANGE } });
  return node;
}

function isNamed(node: unknown, name: string): boolean {
  const { type, value } = (node ?? {}) as Node;
  return type === "Identifier" && value === name;
}

/** `{% set counted = count() %}`, which writes nothing. */
function countingStep(): Node {
  const value = { type: "CallExpression", callee: { type: "Identifier", value: COUNT }, args: [] };
  return { type: "Set", assignee: { type: "Identifier", value: COUNT + "ed" }, value, body: [] };
}

/** The variables that a rewritten template needs, for one rendering. */
export function stepCounter(): Record<string, unknown> {
  let steps = 0;
  const spend = (count: number) => {
    steps += count;
    if (!(steps <= MOST_STEPS)) throw new Error(`it takes more than ${MOST_STEPS} steps`);
  };
  const range = (start: number, stop?: number, step = 1): number[] => {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    if (step === 0) throw new Error("range() with a step of 0");
    const count = Math.max(0, Math.ceil((to - from) / step));
    spend(count);
    return Array.from({ length: count }, (_, index) => from + index * step);
  };
  return { [COUNT]: () => (spend(1), ""), [RANGE]: range };
}
