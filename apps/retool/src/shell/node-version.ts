const NEEDED = [20, 19] as const;

/** Reason why this Node is too old; undefined when it is not. */
export function nodeVersionProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return undefined;
  return `retool needs Node ${NEEDED.join(".")} or newer; this is Node ${version}. Get it from https://nodejs.org/ or a version manager.`;
}
