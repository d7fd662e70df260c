/** Name by which the reader calls this program: through npm from a checkout, or by its name. */
export function commandLine(...args: readonly string[]): string {
  const program = process.env["npm_lifecycle_event"] === undefined ? "retool" : "npm run -s retool --";
  return [program, ...args.map((arg) => (/^[\w./:=@-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`))].join(" ");
}
