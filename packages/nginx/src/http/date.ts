/** Dates of HTTP: RFC 9110 section 5.6.7 to write, and the three forms that nginx reads (src/core/ngx_parse_time.c). */

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Tue, 14 Nov 2023 22:13:20 GMT` */
export function formatHttpDate(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  return (
    `${WEEKDAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ` +
    `${String(date.getUTCFullYear()).padStart(4, "0")} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT`
  );
}

/** `14/Nov/2023:22:13:20 +0000` in the local zone: `$time_local`. */
export function formatLogDate(epochMs: number): string {
  const date = new Date(epochMs);
  return (
    `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}:` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone(date, "")}`
  );
}

/** `2023-11-14T22:13:20+00:00` in the local zone: `$time_iso8601`. */
export function formatIsoDate(epochMs: number): string {
  const date = new Date(epochMs);
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${zone(date, ":")}`
  );
}

/** `2023/11/14 22:13:20` in the local zone: the error log. */
export function formatErrorDate(epochMs: number): string {
  const date = new Date(epochMs);
  return (
    `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

/** `14-Nov-2023 22:13`, as listings of folders show it. */
export function formatListDate(epochMs: number, local: boolean): string {
  const shifted = local ? new Date(epochMs - new Date(epochMs).getTimezoneOffset() * 60_000) : new Date(epochMs);
  return (
    `${two(shifted.getUTCDate())}-${MONTHS[shifted.getUTCMonth()]}-${shifted.getUTCFullYear()} ` +
    `${two(shifted.getUTCHours())}:${two(shifted.getUTCMinutes())}`
  );
}

function zone(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

const RFC1123 = /^ *(\d\d) ([A-Z][a-z]{2}) (\d{4}) +(\d\d):(\d\d):(\d\d)/;
const RFC850 = /^ *(\d\d)-([A-Z][a-z]{2})-(\d\d) +(\d\d):(\d\d):(\d\d)/;
const ASCTIME = /^([A-Z][a-z]{2}) ( ?\d|\d\d) +(\d\d):(\d\d):(\d\d) +(\d{4})/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Seconds since the epoch; undefined for what is no date. The weekday is not looked at, as in the original. */
export function parseHttpDate(text: string): number | undefined {
  const comma = text.indexOf(",");
  if (comma >= 0) {
    const rest = text.slice(comma + 1);
    const match = RFC1123.exec(rest) ?? RFC850.exec(rest);
    if (match === null) return undefined;
    const [, day = "", month = "", year = "", hour = "", minute = "", second = ""] = match;
    return epochSeconds(day, month, year, hour, minute, second);
  }
  const match = ASCTIME.exec(text.replace(/^[^ ]* +/, ""));
  if (match === null) return undefined;
  const [, month = "", day = "", hour = "", minute = "", second = "", year = ""] = match;
  return epochSeconds(day, month, year, hour, minute, second);
}

function epochSeconds(
  day: string,
  month: string,
  year: string,
  hour: string,
  minute: string,
  second: string,
): number | undefined {
  const m = MONTHS.indexOf(month);
  const d = Number(day);
  let y = Number(year);
  if (year.length === 2) y += y < 70 ? 2000 : 1900;
  const leap = y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0);
  if (m < 0 || d < 1 || d > (m === 1 && leap ? 29 : (DAYS[m] ?? 0))) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return Date.UTC(y, m, d, Number(hour), Number(minute), Number(second)) / 1000;
}
