/**
 * A config in which sources of data that do not say their kind have one: `file` where they have a path, `plugin` where they have a name, else `generated`. So
 * `--set data.test.wordings=newWords` needs no `--set data.test.kind=generated` beside it.
 */
export function withSourceKinds(config: unknown): unknown {
  if (!isRecord(config)) return config;
  const { data, sft } = config;
  return {
    ...config,
    ...(isRecord(data) && {
      data: { ...mapValues(data, withKind), ...(Array.isArray(data["mix"]) && { mix: data["mix"].map(withSourceKind) }) },
    }),
    ...(isRecord(sft) && Array.isArray(sft["stages"]) && { sft: { ...sft, stages: sft["stages"].map(withSourceKind) } }),
  };
}

function withSourceKind(part: unknown): unknown {
  return isRecord(part) && "source" in part ? { ...part, source: withKind(part["source"]) } : part;
}

function withKind(source: unknown): unknown {
  return !isRecord(source) || "kind" in source ? source : { kind: kindOf(source) ?? "generated", ...source };
}

/** The kind of source that keys belong to; undefined where both have them, or none. */
export function kindOf(source: Readonly<Record<string, unknown>>): "file" | "generated" | "plugin" | undefined {
  if ("name" in source) return "plugin";
  if ("path" in source) return "file";
  return ["families", "levelWeights", "wordings"].some((key) => key in source) ? "generated" : undefined;
}

function mapValues(record: Record<string, unknown>, change: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
