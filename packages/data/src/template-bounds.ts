/** A node of a parsed template; what kind it is stands in `type`. */
type Node = Readonly<Record<string, unknown>>;

/** The names under which a rewritten template finds its counter and its `range`: no template can spell them. */
export const COUNT = "count a step";
export const RANGE = "range with a limit";
const MEASURE = "measure a value";
const TEXT = "measure a text";

/** Rounds of loops, calls of macros and numbers of ranges that one rendering may take. Real templates take some for each message. */
const MOST_STEPS = 200_000;
/** Characters, or items, of one value. A context of a million tokens has some four million. */
const LONGEST_VALUE = 8_000_000;
/** Characters that cost as much as one step. */
const CHARACTERS_PER_STEP = 250;

/** Filters and methods that go through a whole text. */
const TEXT_FILTERS: ReadonlySet<unknown> = new Set(["replace", "indent", "upper", "lower", "title", "capitalize"]);
const TEXT_METHODS: ReadonlySet<unknown> = new Set(["replace", "split", "upper", "lower", "title", "capitalize"]);

/**
 * A parsed Jinja template that counts its steps: each round of a loop and each call of a macro calls {@link COUNT}, and `range` is
 * {@link RANGE}. Every value that gets a name, and every text that a filter goes through, is measured. So a template that comes with a model can hold up neither a run nor a machine.
 */
export function withBounds<T>(node: T): T {
  if (Array.isArray(node)) {
    for (const child of node) withBounds(child);
    return node;
  }
  if (typeof node !== "object" || node === null) return node;
  for (const child of Object.values(node)) withBounds(child);
  const { type, body, callee } = node as Node;
  if (Array.isArray(body)) measureNames(body as Node[]);
  for (const branch of ["alternate", "defaultBlock"])
    if (Array.isArray((node as Node)[branch])) measureNames((node as Node)[branch] as Node[]);
  if ((type === "For" || type === "Macro") && Array.isArray(body)) {
    const { loopvar, args } = node as Node;
    const names = type === "For" ? [loopvar] : ((args ?? []) as readonly unknown[]);
    body.unshift(countingStep(), ...names.filter((name) => (name as Node)["type"] === "Identifier").map((name) => setting(MEASURE, name)));
  }
  measureText(node as Record<string, unknown>);
  if (type === "CallExpression" && isNamed(callee, "range")) Object.assign(node, { callee: { type: "Identifier", value: RANGE } });
  return node;
}

function isNamed(node: unknown, name: string): boolean {
  const { type, value } = (node ?? {}) as Node;
  return type === "Identifier" && value === name;
}

/** Puts a measurement behind every `{% set … %}` of a list of statements. */
function measureNames(statements: Node[]): void {
  for (let i = statements.length - 1; i >= 0; i--) {
    const { type, assignee } = statements[i]!;
    const isName =
      (assignee as Node | undefined)?.["type"] === "Identifier" || (assignee as Node | undefined)?.["type"] === "MemberExpression";
    if (type === "Set" && isName) statements.splice(i + 1, 0, setting(MEASURE, assignee));
  }
}

/** Lets a filter or method of texts measure the text first. */
function measureText(node: Record<string, unknown>): void {
  if (node["type"] === "FilterExpression") {
    const filter = node["filter"] as Node;
    const name = filter["value"] ?? (filter["callee"] as Node | undefined)?.["value"];
    if (TEXT_FILTERS.has(name)) node["operand"] = calling(TEXT, node["operand"]);
  }
  const callee = node["type"] === "CallExpression" ? (node["callee"] as Record<string, unknown>) : undefined;
  if (callee?.["type"] === "MemberExpression" && callee["computed"] !== true && TEXT_METHODS.has((callee["property"] as Node)["value"])) {
    callee["object"] = calling(TEXT, callee["object"]);
  }
}

function calling(name: string, ...args: readonly unknown[]): Node {
  return { type: "CallExpression", callee: { type: "Identifier", value: name }, args };
}

/** `{% set counted = name(…) %}`, which writes nothing. */
function setting(name: string, ...args: readonly unknown[]): Node {
  return { type: "Set", assignee: { type: "Identifier", value: COUNT + "ed" }, value: calling(name, ...args), body: [] };
}

function countingStep(): Node {
  return setting(COUNT);
}

/**
 * A text that a template has written.
 *
 * @throws Error when it is longer than any prompt.
 */
export function boundedText(text: string): string {
  if (text.length > LONGEST_VALUE) throw new Error(`it writes more than ${LONGEST_VALUE} characters`);
  return text;
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
  const measure = (value: unknown): string => {
    const size = typeof value === "string" || Array.isArray(value) ? value.length : 0;
    if (size > LONGEST_VALUE) throw new Error(`a value has more than ${LONGEST_VALUE} characters`);
    spend(Math.floor(size / CHARACTERS_PER_STEP));
    return "";
  };
  const text = (value: unknown): unknown => (measure(value), value);
  return { [COUNT]: () => (spend(1), ""), [RANGE]: range, [MEASURE]: measure, [TEXT]: text };
}
