import { readFileSync } from "node:fs";
import { join } from "node:path";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const ZONE_FILES = "/usr/share/zoneinfo";

/** As `java.util.Date.toString`, in this machine's time zone: `Sun Nov 22 23:18:30 UTC 2026`. @param timeMs since the epoch */
export function javaDate(timeMs: number): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return String(timeMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${two(date.getDate())}`;
  return `${day} ${time} ${zoneName(date)} ${String(date.getFullYear()).padStart(4, "0")}`;
}

function zoneName(date: Date): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone === "UTC" || zone === "Etc/UTC") return "UTC";
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "short" }).formatToParts(date);
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? zone;
  return name.startsWith("GMT") ? (abbreviation(zone, date) ?? name) : name;
}

/** `CET` and `CEST`, which Intl does not know in English: from the rule at the end of the zone's file. */
function abbreviation(zone: string, date: Date): string | undefined {
  let rule: string;
  try {
    rule = readFileSync(join(ZONE_FILES, zone), "latin1").trimEnd().split("\n").at(-1) ?? "";
  } catch {
    return undefined;
  }
  const [, standard, summer] = /^([A-Za-z]{3,5})[-+]?[\d:]+([A-Za-z]{3,5})?/.exec(rule) ?? [];
  const offsets = [0, 6].map((month) => new Date(date.getFullYear(), month, 1).getTimezoneOffset());
  return date.getTimezoneOffset() < Math.max(...offsets) ? (summer ?? standard) : standard;
}
