/**
 * A config in which sources of data that do not say their kind have one: `file` where they have a path, else `generated`. So
 * `--set data.test.wordings=newWords` needs no `--set data.test.kind=generated` beside it.
 */
export function withSourceKinds(config: unknown): unknown {
  if (!isRecord(config)) return config;
  const { data, sft } = config;
  return {
    ...config,
    ...(isRecord(data) && { data: mapValues(data, withKind) }),
    ...(isRecord(sft) && Array.isArray(sft["stages"]) && { sft: { ...sft, stages: sft["stages"].map(withStageKind) } }),
  };
}

function withStageKind(stage: unknown): unknown {
  return isRecord(stage) && "source" in stage ? { ...stage, source: withKind(stage["source"]) } : stage;
}

function withKind(source: unknown): unknown {
  if (!isRecord(source) || "kind" in source) return source;
  return { kind: "path" in source ? "file" : "generated", ...source };
}

function mapValues(record: Record<string, unknown>, change: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
