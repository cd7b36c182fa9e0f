/**
 * What the shell prints besides transfers: a listing.
 */
import { printable } from "../base/printable.ts";
import { formatBytes } from "../base/units.ts";
import type { RemoteEntry } from "../client/remote-entry.ts";

/** One line for each entry: size, date, name; folders with a slash. */
export function formatEntries(entries: readonly RemoteEntry[]): string {
  const lines = entries.map((entry) => {
    const size = entry.sizeBytes === undefined ? "" : formatBytes(entry.sizeBytes);
    const name = `${printable(entry.name)}${entry.kind === "folder" ? "/" : ""}`;
    return `${size.padStart(7)}  ${formatDate(entry.modifiedMs).padEnd(16)}  ${name}\n`;
  });
  return lines.join("");
}

/** Local time to the minute; nothing for a date that is none. */
function formatDate(ms: number | undefined): string {
  const date = new Date(ms ?? NaN);
  if (Number.isNaN(date.getTime())) return "";
  const [year, month, day] = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const [hours, minutes] = [date.getHours(), date.getMinutes()];
  return `${year}-${twoDigits(month)}-${twoDigits(day)} ${twoDigits(hours)}:${twoDigits(minutes)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
