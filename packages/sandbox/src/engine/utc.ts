const PARTS = ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds"] as const;

/** Puts this thread's dates into UTC, whatever the host's time zone: the engine asks them for its local time. */
export function useUtc(): void {
  const { prototype } = Date;
  for (const part of PARTS) prototype[`get${part}`] = prototype[`getUTC${part}`];
  prototype.getTimezoneOffset = () => 0;
}
