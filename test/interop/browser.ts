import { chromium } from 'playwright-core';
import { findChromium } from '../../scripts/bootstrap/chromium.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  // TensorBoard then draws its lines as SVG, which can be waited for.
  '--disable-3d-apis',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Chromium without a window, which keeps to itself. */
export function launchBrowser() {
  return chromium.launch({ executablePath: findChromium()!, args: FLAGS });
}
