import type { Axis, NumberAnswer } from '../src/view/protocol.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A number in about six characters; the exact one is what `String` says. */
export function short(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1e7 || size < 1e-4) return minus(value.toExponential(2).replace('e+', 'e'));
  if (Number.isInteger(value) || size >= 1e5) return minus(whole.format(value));
  return minus(String(Number(value.toPrecision(size >= 1000 ? 6 : 4))));
}

/** A count, with separators. */
export function count(value: number): string {
  return minus(whole.format(value));
}

function minus(text: string): string {
  return text.replace('-', '−');
}

/** A number that came as JSON has it. */
export function numberOf(answer: NumberAnswer): number {
  return Number(answer);
}

/** Seconds as a length of time. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A moment in the reader's own time zone. */
export function moment(time: number): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** A size, in units of 1000. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let rest = value;
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit === 0 ? rest : rest.toPrecision(3)} ${units[unit]}`;
}

/** A value of an axis. */
export function onAxis(axis: Axis, value: number): string {
  if (axis === 'time') return new Date(value * 1000).toLocaleString();
  if (axis === 'elapsed') return duration(value);
  return axis === 'epoch' ? short(value) : count(value);
}

/** A count and what is counted, in the number that fits it. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}
