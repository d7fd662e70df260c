import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { ConfigFile } from "../config/config-file.js";
import { PRESETS, type PresetName } from "../config/presets.js";
import { READY_SWEEPS } from "./ready-sweeps.js";

const names = Object.keys(PRESETS) as [PresetName, ...PresetName[]];
const settings = z.array(z.string().regex(/^[^=]+=/, "expected key=value"));

/** A sweep as one writes it: settings for all, and what is varied. */
const SweepFile = z
  .strictObject({
    /** Recipes to start from; default `tiny`. */
    presets: z.array(z.enum(names)).min(1).default(["tiny"]),
    /** Settings for all cells, `key=value`. */
    set: settings.default([]),
    /** Cells whose cold starts are equal begin reinforcement learning from one and the same. */
    shareColdStarts: z.boolean().default(false),
    /** Seeds of every cell. */
    seeds: z.array(z.number().int().min(0)).min(1),
    /** Every combination of the values of these keys is a cell. */
    grid: z.record(z.string(), z.array(z.json()).min(1)).optional(),
    /** Cells by name, each with settings of its own. */
    cells: z.record(z.string().min(1), settings).optional(),
    /** Evaluations of every finished run beside its own, by name: settings over the run's. */
    evaluations: z.record(z.string().regex(/^[\w.+-]+$/, "expected letters, digits and . + - _ in its name"), settings).default({}),
    /** Name of the cell that the others are tested against; default: the first. */
    baseline: z.string().optional(),
  })
  .refine(({ grid, cells }) => (grid === undefined) !== (cells === undefined), { error: "expected either grid or cells" })
  .refine(({ seeds }) => new Set(seeds).size === seeds.length, { error: "a seed is named twice", path: ["seeds"] });

/** One cell of a sweep: a recipe with settings, run with every seed. */
export interface SweepCell {
  readonly name: string;
  readonly preset: PresetName;
  readonly set: readonly string[];
}

/** A sweep as it is run. */
export interface Sweep {
  readonly cells: readonly SweepCell[];
  readonly seeds: readonly number[];
  /** Whether equal cold starts are trained once. */
  readonly shareColdStarts: boolean;
  /** Name of the cell that the others are tested against. */
  readonly baseline: string;
  readonly evaluations: Readonly<Record<string, readonly string[]>>;
}

/** Changes of a sweep for this call. */
export interface SweepChanges {
  /** Settings of all cells, over the file's own. */
  readonly set?: readonly string[];
  /** Seeds in place of the file's. */
  readonly seeds?: readonly number[] | undefined;
  /** The only cells that are run and reported, by name. */
  readonly cells?: readonly string[] | undefined;
  /** Cell that the others are tested against, in place of the file's. */
  readonly baseline?: string | undefined;
}

/**
 * Reads a sweep: a file, or one of {@link READY_SWEEPS} by name; `-` is standard input.
 *
 * @throws InputError for what does not fit, with its place.
 */
export async function readSweep(
  path: string,
  { set: more = [], seeds: only, cells: wanted, baseline: other }: SweepChanges = {},
): Promise<Sweep> {
  const ready = Object.hasOwn(READY_SWEEPS, path) ? READY_SWEEPS[path] : undefined;
  const file = ready === undefined ? await ConfigFile.read(path) : ConfigFile.parse(JSON.stringify(ready.content), path);
  const fault = (place: readonly PropertyKey[], found: string) =>
    new InputError({ what: "sweep", where: file.place(place, "value"), expected: "presets, set, seeds, shareColdStarts, grid or cells, baseline, evaluations", found, fix: "correct it; docs/guide/sweep.md has an example" }); // prettier-ignore
  const parsed = SweepFile.safeParse(file.content);
  if (!parsed.success) {
    const { path: place, message } = parsed.error.issues[0]!;
    throw fault(place, `${place.map(String).join(".")}${place.length === 0 ? "" : ": "}${message}`);
  }
  const { presets, set, seeds, shareColdStarts, grid, cells: named, baseline, evaluations } = parsed.data;
  const own = named === undefined ? combinations(grid!) : Object.entries(named).map(([name, ofCell]) => ({ name, set: ofCell }));
  const all = presets.flatMap((preset) =>
    own.map((cell) => ({ name: presets.length === 1 ? cell.name : `${preset} ${cell.name}`, preset, set: [...set, ...cell.set, ...more] })),
  );
  const twice = all.find(({ name }, i) => all.findIndex((other) => folderName(other.name) === folderName(name)) !== i);
  if (twice !== undefined) throw fault([named === undefined ? "grid" : "cells"], `two cells that would share the folder ${folderName(twice.name)}`); // prettier-ignore
  const list = (some: readonly SweepCell[]) => some.map(({ name }) => name).join(", ");
  const unknown = wanted?.find((name) => !all.some((cell) => cell.name === name));
  if (unknown !== undefined) throw fault(["cells"], `${unknown}; the cells are ${list(all)}`);
  const cells = wanted === undefined ? all : all.filter(({ name }) => wanted.includes(name));
  const first = cells[0];
  if (first === undefined) throw fault(["cells"], "no cell");
  const base = other ?? baseline ?? first.name;
  if (!cells.some(({ name }) => name === base)) throw fault(["baseline"], `${base}; the cells are ${list(cells)}`);
  return { cells, seeds: only ?? seeds, shareColdStarts, baseline: base, evaluations };
}

/** Every combination of the grid's values, the last key fastest. */
function combinations(grid: Readonly<Record<string, readonly unknown[]>>): { readonly name: string; readonly set: readonly string[] }[] {
  let found: { readonly name: string; readonly set: readonly string[] }[] = [{ name: "", set: [] }];
  for (const [key, values] of Object.entries(grid)) {
    found = found.flatMap(({ name, set }) =>
      values.map((value) => {
        const text = typeof value === "string" ? value : JSON.stringify(value);
        return {
          name: `${name}${name === "" ? "" : " "}${key.split(".").at(-1)!}=${text}`,
          set: [...set, `${key}=${JSON.stringify(value)}`],
        };
      }),
    );
  }
  return found;
}

/** A cell's name as a part of a folder's. */
export function folderName(name: string): string {
  return name.replaceAll(/[^\w.=+-]+/g, "_");
}
