import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** A Python of the host as processes under bubblewrap see it: at fixed places, so that nothing tells where the host has it. */
export interface HostPython {
  /** The program, by its place inside. */
  readonly file: string;
  /** Folders of the host and their places inside, read-only. */
  readonly mounts: readonly (readonly [from: string, to: string])[];
  /** Folders of packages, by their places inside. */
  readonly packages: readonly string[];
  /** Folder of its shared libraries, when it stands elsewhere than it was built for. */
  readonly libraries?: string;
}

/** Python's answer about itself. */
interface Layout {
  /** The interpreter's folder; that of the one beneath, for a virtual environment. */
  readonly base: string;
  readonly program: string;
  /** Folders of packages. */
  readonly packages: readonly string[];
}

const QUESTION = `
import json, os, site, sys, sysconfig
program = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
found = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
packages = [path for path in dict.fromkeys(map(os.path.realpath, found)) if os.path.isdir(path)]
print(json.dumps({"base": os.path.realpath(sys.base_prefix), "program": program, "packages": packages}))
`;

const BASE = "/python";

/**
 * Looks where an interpreter and its packages are: the system's, a version manager's, or a virtual environment's.
 *
 * The program is the user's own and is run as it is, outside of the sandbox. Packages that `.pth` files add are not seen.
 *
 * @returns the reason, where it cannot be used
 */
export function hostPython(interpreter: string): HostPython | string {
  if (!existsSync(interpreter)) return `there is no Python at ${interpreter}`;
  const asked = spawnSync(interpreter, ["-I", "-c", QUESTION], { encoding: "utf8", timeout: 20_000 });
  const layout = asked.status === 0 ? layoutOf(asked.stdout) : undefined;
  if (layout === undefined) return `${interpreter} does not answer as Python does`;
  const { base, program, packages } = layout;
  const isSystem = base === "/usr" || base.startsWith("/usr/");
  const inside = (path: string) => (!isSystem && path.startsWith(`${base}/`) ? BASE + path.slice(base.length) : undefined);
  const ofBase = (path: string) => inside(path) !== undefined || path.startsWith("/usr/");
  const file = isSystem ? program : inside(program);
  if (file === undefined) return `${interpreter} stands outside of its own folder ${base}`;
  const apart = packages.filter((path) => !ofBase(path)).map((path, index) => [path, `/packages/${index}`] as const);
  const mounts = [...(isSystem ? [] : [[base, BASE] as const]), ...apart];
  return { file, mounts, packages: apart.map(([, to]) => to), ...(isSystem ? {} : { libraries: `${BASE}/lib` }) };
}

function layoutOf(answer: string): Layout | undefined {
  try {
    return JSON.parse(answer) as Layout;
  } catch {
    return undefined;
  }
}
