import type { LogRecord } from "@retool-ts/runs";
import type { Point, Series } from "./series.js";
import { familyMember, type ChartSpec } from "./chart-spec.js";

/** Records of one run, under the name that its lines have. */
export interface CurveSource {
  readonly name: string;
  readonly records: readonly LogRecord[];
}

/** How the steps of records are counted. */
interface Counting {
  readonly phase: string;
  readonly countsByPhase: boolean;
}

/** One chart to draw. */
interface ChartContent {
  readonly title: string;
  readonly series: readonly Series[];
  readonly marks: readonly { readonly x: number; readonly label: string }[];
  /** Names of the lines, also of a single one, where they are runs. */
  readonly legend?: readonly { readonly name: string; readonly style: number }[];
}

/** Names of what was logged as a number. */
export function metricNames(runs: readonly CurveSource[], phase: string): string[] {
  const names = new Set<string>();
  for (const { records } of runs) {
    for (const record of records) for (const name of Object.keys(record)) if (typeof record[name] === "number") names.add(name);
  }
  return [...names].filter((name) => name !== "step" && name !== `${phase}/step`);
}

/** What a chart of the catalogue shows of these runs: all its lines for one run, and for several a chart a line with each run in it. */
export function chartsOf(spec: ChartSpec, names: readonly string[], runs: readonly CurveSource[], counting: Counting): ChartContent[] {
  const ownNames = names.filter((name) => seriesName(spec, name) !== undefined);
  const isFamily = (name: string) => Object.keys(spec.series).some((key) => key.endsWith("/") && name.startsWith(key));
  const lines = ownNames
    .map((name) => ({ name, runs: runs.map((run) => ({ run: run.name, points: pointsOf(name, run.records, counting) })) }))
    .filter(({ name, runs: all }) => !isFamily(name) || all.some(({ points }) => points.some(({ y }) => y > 0.005)));
  if (lines.length === 0) return [];
  if (runs.length === 1) {
    const series = lines.map(({ name, runs: [only] }) => ({ name: seriesName(spec, name)!, points: only!.points }));
    return [{ title: spec.title, series, marks: stageMarks(runs[0]!.records, counting) }];
  }
  return lines.map(({ name, runs: all }) => {
    const series = all.flatMap(({ run, points }, style) => (points.length === 0 ? [] : [{ name: run, points, style }]));
    const title = lines.length === 1 ? spec.title : `${spec.title}: ${seriesName(spec, name)}`;
    return { title, series, marks: [], legend: series };
  });
}

/** What a metric's line is called in a chart; undefined where it has none. */
function seriesName({ series }: ChartSpec, name: string): string | undefined {
  if (Object.hasOwn(series, name)) return series[name];
  for (const family of Object.keys(series)) {
    const member = familyMember(family, name);
    if (member !== undefined) return member;
  }
  return undefined;
}

function pointsOf(name: string, records: readonly LogRecord[], counting: Counting): Point[] {
  const toX = stepCounter(records, counting);
  const points: Point[] = [];
  for (const [index, record] of records.entries()) {
    const y = record[name];
    if (typeof y === "number") points.push({ x: toX(record, index), y });
  }
  return points;
}

/** The place of a record: its step over all phases, or within its own. */
function stepCounter(records: readonly LogRecord[], { phase, countsByPhase }: Counting): (record: LogRecord, index: number) => number {
  const first = records[0]?.["step"];
  const before = typeof first === "number" ? first - 1 : 0;
  const ownName = `${phase}/step`;
  return (record, index) => {
    const own = countsByPhase ? record[ownName] : undefined;
    const { step } = record;
    if (typeof own === "number") return own;
    return typeof step === "number" && Number.isFinite(step) ? step - (countsByPhase ? before : 0) : index;
  };
}

/** Steps at which the stages of a phase after the first begin. */
function stageMarks(records: readonly LogRecord[], counting: Counting): { x: number; label: string }[] {
  const toX = stepCounter(records, counting);
  return records.flatMap((record, index) => {
    const { stage } = record;
    const before = records[index - 1]?.["stage"];
    return typeof stage === "string" && typeof before === "string" && stage !== before ? [{ x: toX(record, index), label: stage }] : [];
  });
}
