/** JSON with everything that `JSON.parse` loses: the order of keys that are numbers, the digits and points of numbers. */
export type JsonTree =
  | { readonly kind: "object"; readonly entries: ReadonlyMap<string, JsonTree> }
  | { readonly kind: "list"; readonly items: readonly JsonTree[] }
  | { readonly kind: "scalar"; readonly text: string };

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Reads a JSON text that `JSON.parse` takes. Of a key that stands twice the last value counts, at the place of the first. */
export function jsonTree(text: string): JsonTree {
  const tokens = text.match(TOKEN) ?? [];
  let next = 0;
  const value = (): JsonTree => {
    const token = tokens[next++] ?? "null";
    if (token === "[") {
      const items: JsonTree[] = [];
      while (tokens[next] !== "]") {
        items.push(value());
        if (tokens[next] === ",") next++;
      }
      next++;
      return { kind: "list", items };
    }
    if (token !== "{") return { kind: "scalar", text: token };
    const entries = new Map<string, JsonTree>();
    while (tokens[next] !== "}") {
      const key = JSON.parse(tokens[next]!) as string;
      next += 2;
      entries.set(key, value());
      if (tokens[next] === ",") next++;
    }
    next++;
    return { kind: "object", entries };
  };
  return value();
}

/** The text of Python's `json.dumps(json.loads(…), ensure_ascii=False)`, which chat templates write. */
export function pythonJson(tree: JsonTree): string {
  switch (tree.kind) {
    case "object":
      return `{${[...tree.entries].map(([key, inner]) => `${JSON.stringify(key)}: ${pythonJson(inner)}`).join(", ")}}`;
    case "list":
      return `[${tree.items.map(pythonJson).join(", ")}]`;
    case "scalar":
      if (tree.text.startsWith('"')) return JSON.stringify(JSON.parse(tree.text));
      if (!/^-?\d/.test(tree.text)) return tree.text;
      return /^-?\d+$/.test(tree.text) ? tree.text.replace(/^-0$/, "0") : pythonFloat(Number(tree.text));
  }
}

/** A double as Python's `repr` writes it: 1.0, 1e+16, 1e-07. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : value < 0 ? "-Infinity" : "NaN";
  if (Object.is(value, -0)) return "-0.0";
  const [, sign = "", whole = "", fraction = "", power = "0"] = /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(value.toExponential())!;
  const exponent = Number(power);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  const digits = whole + fraction;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.slice(0, exponent + 1).padEnd(exponent + 1, "0")}.${digits.slice(exponent + 1) || "0"}`;
}

/** The member of objects and lists that a path leads to; undefined where there is none. */
export function memberOf(tree: JsonTree, path: readonly (string | number)[]): JsonTree | undefined {
  return path.reduce<JsonTree | undefined>((inner, step) => {
    if (inner?.kind === "object") return inner.entries.get(String(step));
    return inner?.kind === "list" ? inner.items[Number(step)] : undefined;
  }, tree);
}
