// The graph of imports, read from the sources: packages as rooms, and the folders of the command line as rooms. A room's floor is the
// length of its longest way down. `node scripts/check.mjs --only graph` prints both tables and fails on any fault.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import ts from "typescript";

/** Rooms in order, lowest first, as rows: what is in a row imports from earlier rows alone. Apps that are not listed stand above all. */
const PACKAGE_ORDER = [
  ["core"],
  ["engine", "http"],
  ["data", "hub", "sandbox", "reward", "algorithms", "tinker"],
  ["policy", "rollout", "remote-sampler"],
  ["runs", "evaluate"],
  ["train", "report", "serve", "tinker-server", "rollout-queue"],
  ["watch", "playground"],
  ["retool"],
];

/** The folders and single files of `apps/retool/src`, in the same way. */
const APP_ORDER = [
  ["shell"],
  ["config"],
  ["setup"],
  ["plan", "recipe", "data-build"],
  ["evaluation", "labels", "doctor", "reproduction"],
  ["sweep"],
  ["commands", "index.ts"],
  ["cli.ts"],
];
const APP_LIMITS = { rooms: 15, floors: 9 };

/** Modules out of reach: what computes is handed to these packages, and the command line and its files are the app's. */
const BARRED = [
  {
    packages: [
      "engine",
      "http",
      "data",
      "sandbox",
      "reward",
      "rollout",
      "runs",
      "evaluate",
      "train",
      "report",
      "serve",
      "tinker",
      "remote-sampler",
      "rollout-queue",
      "watch",
    ],
    module: /^@tensorflow\//,
  },
  { packages: PACKAGE_ORDER.flat().filter((name) => name !== "retool"), module: /^(?:commander|yaml|retool)(?:\/|$)/ },
];

const LEFT_OUT = /\.(?:test|test-support|generated)\.|\.d\.ts$|(?:^|\/)fixtures\//;
/** Sources that builds run, from their package's dev dependencies; nothing that is published has them. */
const BUILD_SOURCES = ["packages/sandbox/src/browser-parts.ts"];

/** Both tables as text, and the faults found: `{ text, faults }`. */
export function importGraph(root) {
  const packages = readPackages(root);
  const whole = rooms(packages.map(({ name, files, imports }) => ({ name, files, targets: imports.flatMap(packageTargets(packages)) })));
  const app = packages.find(({ folder }) => folder === "apps/retool");
  const inside = rooms(app === undefined ? [] : appRooms(app));
  const outer = { title: "Packages", graph: whole, order: withOtherApps(packages) };
  const inner = { title: "Rooms of apps/retool/src", graph: inside, order: APP_ORDER };
  const faults = [...[outer, inner].flatMap(orderFaults), ...packages.flatMap(manifestFaults), ...limitFaults(inside, APP_LIMITS)];
  return { text: [outer, inner].map(table).join("\n\n"), faults };
}

/** Every package and app with a `src`: its manifest, files and imports. */
function readPackages(root) {
  const folders = ["packages", "apps"].flatMap((parent) => {
    return existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [];
  });
  return folders.filter((folder) => existsSync(join(root, folder, "src"))).map((folder) => readPackage(root, folder));
}

function readPackage(root, folder) {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const files = readdirSync(join(root, folder, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !LEFT_OUT.test(path) && !BUILD_SOURCES.includes(`${folder}/src/${path}`))
    .sort();
  const imports = files.flatMap((file) => {
    const text = readFileSync(join(root, folder, "src", file), "utf8");
    // The compiler's own scan: static, type-only and dynamic imports, and re-exports.
    return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName: specifier }) => ({ file, specifier }));
  });
  return { name: posix.basename(folder), folder, manifest, files, imports };
}

function packageTargets(packages) {
  const names = new Map(packages.map(({ name, manifest }) => [manifest.name, name]));
  return ({ specifier }) => names.get(moduleName(specifier)) ?? [];
}

/** The rooms in an app: a folder directly in `src`, or a file. */
function appRooms({ files, imports }) {
  const room = (path) => path.split("/")[0];
  return [...new Set(files.map(room))].map((name) => {
    const own = imports.filter(({ file, specifier }) => room(file) === name && specifier.startsWith("."));
    const targets = own.map(({ file, specifier }) => room(posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts")));
    return { name, files: files.filter((file) => room(file) === name), targets };
  });
}

/** The graph of rooms, `{ name, files, imports, floor, circle }` each, highest first. Rooms of a circle share a floor. */
function rooms(list) {
  const names = new Set(list.map(({ name }) => name));
  const next = new Map(list.map(({ name, targets }) => [name, new Set(targets.filter((to) => to !== name && names.has(to)))]));
  const reach = new Map([...names].map((name) => [name, reachable(next, name)]));
  const tied = (a, b) => a === b || (reach.get(a).has(b) && reach.get(b).has(a));
  const floors = new Map();
  const floor = (name) => {
    if (floors.has(name)) return floors.get(name);
    const members = [...names].filter((other) => tied(name, other));
    const below = members.flatMap((member) => [...next.get(member)]).filter((to) => !tied(name, to));
    const height = Math.max(-1, ...below.map(floor)) + 1;
    for (const member of members) floors.set(member, height);
    return height;
  };
  return list
    .map(({ name, files }) => {
      const circle = [...names].filter((other) => other !== name && tied(name, other));
      return { name, files: files.length, imports: [...next.get(name)].sort(), floor: floor(name), circle };
    })
    .sort((a, b) => b.floor - a.floor || (a.name < b.name ? -1 : 1));
}

function reachable(next, start) {
  const seen = new Set();
  const visit = (name) => {
    for (const to of next.get(name)) if (!seen.has(to)) visit((seen.add(to), to));
  };
  visit(start);
  return seen;
}

function withOtherApps(packages) {
  const listed = new Set(PACKAGE_ORDER.flat());
  return [...PACKAGE_ORDER, packages.filter(({ name, folder }) => folder.startsWith("apps/") && !listed.has(name)).map(({ name }) => name)];
}

/** The arrows that do not lead to an earlier row of the order, as `[from, to]`. */
function arrowsUp({ graph, order }) {
  const row = (name) => order.findIndex((names) => names.includes(name));
  return graph.flatMap(({ name, imports }) => imports.filter((to) => row(to) >= row(name)).map((to) => [name, to]));
}

function orderFaults(part) {
  const { title, graph, order } = part;
  const listed = order.flat();
  return [
    ...graph
      .filter(({ name }) => !listed.includes(name))
      .map(({ name }) => `${title}: ${name} has no place in the order of scripts/graph.mjs`),
    ...arrowsUp(part).map(([from, to]) => `${title}: ${from} imports from ${to}, which is not below it`),
    ...circles(graph).map((names) => `${title}: a circle of ${names.join(", ")}`),
  ];
}

function circles(graph) {
  const groups = graph.filter(({ circle }) => circle.length > 0).map(({ name, circle }) => [name, ...circle].sort().join(" "));
  return [...new Set(groups)].map((group) => group.split(" "));
}

/** Imports that a package does not declare, or must not have at all. */
function manifestFaults({ name, folder, manifest, imports }) {
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  const declared = new Set([manifest.name, ...Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })]);
  const faults = imports.flatMap(({ file, specifier }) => {
    const where = `${folder}/src/${file}`;
    if (specifier.startsWith(".")) {
      return posix.join(posix.dirname(file), specifier).startsWith("..") ? [`${where}: ${specifier} leaves the package`] : [];
    }
    if (BARRED.some(({ packages, module }) => packages.includes(name) && module.test(specifier))) {
      return [`${where}: ${name} must not import ${specifier}`];
    }
    const isKnown = specifier.startsWith("node:") || builtinModules.includes(specifier) || declared.has(moduleName(specifier));
    return isKnown ? [] : [`${where}: ${specifier} is no dependency in ${folder}/package.json`];
  });
  return [...new Set(faults)];
}

function limitFaults(graph, limits) {
  const { rooms: count, floors } = size(graph);
  return [
    ...(count > limits.rooms ? [`apps/retool/src: ${count} rooms, at most ${limits.rooms}`] : []),
    ...(floors > limits.floors ? [`apps/retool/src: ${floors} floors, at most ${limits.floors}`] : []),
  ];
}

function size(graph) {
  return {
    rooms: graph.length,
    floors: Math.max(0, ...graph.map(({ floor }) => floor + 1)),
    arrows: graph.reduce((sum, { imports }) => sum + imports.length, 0),
  };
}

/** The package part of a module specifier: `@scope/name` or `name`. */
function moduleName(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function table(part) {
  const { rooms: count, floors, arrows } = size(part.graph);
  const facts = `${count} rooms on ${floors} floors, ${arrows} arrows, ${arrowsUp(part).length} up, ${circles(part.graph).length} circles`;
  const width = Math.max(4, ...part.graph.map(({ name }) => name.length));
  const line = (floor, name, files, imports) =>
    `  ${String(floor).padStart(5)}  ${name.padEnd(width)}  ${String(files).padStart(5)}  ${imports}`;
  const rows = part.graph.map(({ name, files, floor, imports }) => line(floor, name, files, imports.join(" ")).trimEnd());
  return [`${part.title}: ${facts}`, line("floor", "room", "files", "imports"), ...rows].join("\n");
}
