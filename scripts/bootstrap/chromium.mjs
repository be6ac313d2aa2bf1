import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];

/** The path of Chromium: what the variable CHROMIUM says, or where distributions put it; undefined where there is none. */
export function findChromium() {
  const named = process.env.CHROMIUM;
  return (named ? [named] : PLACES).find((path) => existsSync(path));
}

/** Complains where Chromium is missing. Returns an exit code. */
export function requireChromium() {
  if (findChromium() !== undefined) return 0;
  const named = process.env.CHROMIUM;
  const where = named ? `CHROMIUM is '${named}', where nothing is` : `none of ${PLACES.join(', ')} is there`;
  console.error(
    `npm run test:interop needs Chromium (${where}):\n  apt-get install chromium, or set CHROMIUM to its path`,
  );
  return 1;
}
