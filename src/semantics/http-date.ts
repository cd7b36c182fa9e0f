/**
 * Dates as HTTP writes them (RFC 9110 §5.6.7): the one form that is sent, and the three that are understood.
 */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// The grammar is case-sensitive and knows no other zone than GMT. Literals, since patterns that are put together are
// compiled when the program starts.
const IMF_FIXDATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>[0-9]{2}) (?<month>[A-Z][a-z]{2}) (?<year>[0-9]{4}) (?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2}) GMT$/;
const RFC_850_DATE =
  /^(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), (?<day>[0-9]{2})-(?<month>[A-Z][a-z]{2})-(?<year>[0-9]{2}) (?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2}) GMT$/;
const ASCTIME_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>[A-Z][a-z]{2}) (?<day>[0-9]{2}| [0-9]) (?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2}) (?<year>[0-9]{4})$/;

const FIRST_MS = -62_167_219_200_000; // 0000-01-01T00:00:00Z
const LAST_MS = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z

type Groups = Readonly<Record<string, string>>;

/**
 * Reads an HTTP-date in any of its three forms (RFC 9110 §5.6.7): IMF-fixdate, the RFC 850 form and asctime's.
 *
 * The name of the day is not compared with the date, and a second of 60 (a leap second) is the first of the
 * next minute.
 *
 * @param nowMs the present, in milliseconds since the epoch; decides the century of a two-digit year.
 * @returns milliseconds since the epoch, a multiple of 1000; `undefined` when the text is no HTTP-date or
 *   names a day or time that does not exist.
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const full = (IMF_FIXDATE.exec(text) ?? ASCTIME_DATE.exec(text))?.groups;
  if (full !== undefined) return resolveDate(full, Number(full["year"]));
  const short = RFC_850_DATE.exec(text)?.groups;
  return short === undefined ? undefined : resolveShortDate(short, nowMs);
}

/**
 * Writes `ms` (milliseconds since the epoch) as an IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC
 * 9110 §5.6.7). A fraction of a second is cut off towards the past, so that the date is never later than the
 * instant.
 * @returns `undefined` for what the format can't say: years before 0 or after 9999, and values that are no
 *   instant.
 */
export function formatHttpDate(ms: number): string | undefined {
  if (!(ms >= FIRST_MS && ms <= LAST_MS)) return undefined;
  return new Date(Math.floor(ms / 1000) * 1000).toUTCString();
}

/** The most recent year with these last two digits whose date is at most 50 years ahead (RFC 9110 §5.6.7). */
function resolveShortDate(groups: Groups, nowMs: number): number | undefined {
  const limit = new Date(nowMs);
  limit.setUTCFullYear(limit.getUTCFullYear() + 50);
  const century = Math.floor(limit.getUTCFullYear() / 100) * 100;
  const year = century + Number(groups["year"]);
  const isTooFar = utcMs(groups, year) > limit.getTime();
  return resolveDate(groups, isTooFar ? year - 100 : year);
}

function resolveDate(groups: Groups, year: number): number | undefined {
  const month = monthIndex(groups);
  const day = Number(groups["day"]);
  if (month === -1 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (Number(groups["hour"]) > 23 || Number(groups["minute"]) > 59 || Number(groups["second"]) > 60) {
    return undefined;
  }
  return utcMs(groups, year);
}

function utcMs(groups: Groups, year: number): number {
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, monthIndex(groups), Number(groups["day"]));
  return date.setUTCHours(Number(groups["hour"]), Number(groups["minute"]), Number(groups["second"]));
}

function monthIndex(groups: Groups): number {
  return MONTHS.indexOf(groups["month"] ?? "");
}

function daysInMonth(year: number, month: number): number {
  if (month === 1) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31;
}
