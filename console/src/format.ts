/*
 * Numbers and instants as the page's language writes them. What is missing is a dash.
 */
const none = '–';

export function formatCount(value: number | undefined, locale: string): string {
  return value === undefined ? none : new Intl.NumberFormat(locale).format(value);
}

export function formatRate(perS: number | undefined, locale: string): string {
  return perS === undefined
    ? none
    : new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(perS);
}

const instantParts: Intl.DateTimeFormatOptions = {
  year: 'numeric', month: 'short', day: 'numeric',
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZoneName: 'short',
};

export function formatInstant(instant: string | undefined, locale: string): string {
  return instant === undefined
    ? none
    : new Intl.DateTimeFormat(locale, instantParts).format(new Date(instant));
}

const spans: [limitMs: number, unitMs: number, unit: string, digits: number][] = [
  [1_000, 1, 'millisecond', 0],
  [120_000, 1_000, 'second', 1],
  [7_200_000, 60_000, 'minute', 0],
  [172_800_000, 3_600_000, 'hour', 0],
  [Infinity, 86_400_000, 'day', 0],
];

/** "840 ms", "3.2 sec", "14 min". */
export function formatSpan(ms: number | undefined, locale: string): string {
  const span = spans.find(([limitMs]) => ms !== undefined && ms < limitMs);

  if (ms === undefined || !span) return none;
  const [, unitMs, unit, digits] = span;
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: digits,
  }).format(ms / unitMs);
}
