import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * The folder that holds wheels and memory snapshots: `folder` when given, else the environment's `RETOOL_PYTHON_FOLDER`, else
 * the user's own data folder as the operating system has it.
 */
export function pythonFolder(folder: string | undefined = process.env["RETOOL_PYTHON_FOLDER"]): string {
  if (folder !== undefined && folder !== "") return isAbsolute(folder) ? folder : resolve(folder);
  return join(userData(), "retool", "python");
}

function userData(): string {
  const { APPDATA, LOCALAPPDATA, XDG_DATA_HOME } = process.env;
  if (process.platform === "win32") return LOCALAPPDATA ?? APPDATA ?? join(homedir(), "AppData", "Local");
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support");
  return XDG_DATA_HOME !== undefined && isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(homedir(), ".local", "share");
}
