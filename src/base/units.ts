/**
 * Sizes, rates and durations as people write and read them.
 */

/** Factors of the suffixes: `k` and `KiB` are 1024 as in nginx and dd, `kB` is 1000 as in SI. */
const SIZE_FACTORS: ReadonlyMap<string, number> = new Map([
  ["k", 1024],
  ["kib", 1024],
  ["kb", 1000],
  ["m", 1024 ** 2],
  ["mib", 1024 ** 2],
  ["mb", 1000 ** 2],
  ["g", 1024 ** 3],
  ["gib", 1024 ** 3],
  ["gb", 1000 ** 3],
  ["t", 1024 ** 4],
  ["tib", 1024 ** 4],
  ["tb", 1000 ** 4],
]);

const LIMIT_UNITS = [
  [1024, ["KiB", "MiB", "GiB", "TiB"]],
  [1000, ["kB", "MB", "GB", "TB"]],
] as const;

const SIZE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** Timers hold a signed 32-bit number of ms: about 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Reads a size: `500`, `500k`, `10M`, `1.5G` (powers of 1024), `10MiB` (the same), `10MB` (powers of 1000).
 *
 * @returns bytes, a safe integer; `undefined` when it is none.
 */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([a-z]{0,3})$/i.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const factor = unit === "" || unit === "B" ? 1 : SIZE_FACTORS.get(unit.toLowerCase());
  if (factor === undefined) return undefined;
  const bytes = Math.floor(Number(digits) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Reads a number of seconds, `60` or `0.5`.
 *
 * @returns milliseconds; `undefined` when it is no plain decimal number or more than a timer can wait (24 days).
 */
export function parseSeconds(text: string): number | undefined {
  if (!/^\d+(?:\.\d+)?$/.test(text)) return undefined;
  const ms = Math.round(Number(text) * 1000);
  return ms <= MAX_TIMER_MS ? ms : undefined;
}

/** Formats bytes with a decimal unit and three digits at most: `0 B`, `999 B`, `1.2 kB`, `98 MB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (roundShort(value) >= 1000 && unit < SIZE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && roundShort(value) < 10 ? value.toFixed(1) : Math.round(value).toString();
  return `${digits} ${SIZE_UNITS[unit] ?? ""}`;
}

/**
 * Formats a limit as it was meant: the unit, binary or decimal, in which the number is shortest and exact to a tenth, as
 * `1 GiB`, `500 KiB`, `1.5 MiB`, `10 MB`. What is exact in none is rounded as by {@link formatBytes}.
 */
export function formatLimit(bytes: number): string {
  let best: { readonly value: number; readonly unit: string } | undefined;
  for (const [base, units] of LIMIT_UNITS) {
    for (const [index, unit] of units.entries()) {
      const value = bytes / base ** (index + 1);
      const isExact = value >= 1 && Number.isInteger(value * 10);
      if (isExact && (best === undefined || value < best.value)) best = { value, unit };
    }
  }
  return best === undefined ? formatBytes(bytes) : `${best.value} ${best.unit}`;
}

/** Formats a rate in bytes per second: `98 MB/s`. */
export function formatRate(bytesPerS: number): string {
  return `${formatBytes(bytesPerS)}/s`;
}

/** Formats a duration in ms: `45 µs`, `1.2 ms`, `120 ms`, `3.4 s`, `2 min 5 s`, `1 h 2 min`. */
export function formatDurationMs(ms: number): string {
  if (ms < 0.9995) return ms <= 0 ? "0 ms" : `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 999.5) return `${trimmed(ms)} ms`;
  if (ms < 59_950) return `${trimmed(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return joinUnits(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  return joinUnits(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

/** Three digits decide whether the next unit is due: 999.6 kB reads `1.0 MB`. */
function roundShort(value: number): number {
  return value < 9.95 ? Math.round(value * 10) / 10 : Math.round(value);
}

/** One decimal below ten, none of it when it is zero. */
function trimmed(value: number): string {
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value).toString();
}

function joinUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
