import { chromium } from 'playwright-core';
import { findChromium } from '../../scripts/bootstrap/chromium.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const NO_GRAPHICS = [
  '--disable-gpu',
  // TensorBoard then draws its lines as SVG, which can be waited for.
  '--disable-3d-apis',
];

/** WebGL that the processor computes, on machines without a graphics card. */
const SOFTWARE_WEBGL = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];

/** Chromium without a window, which keeps to itself. */
export function launchBrowser({ webgl = false } = {}) {
  const args = [...FLAGS, ...(webgl ? SOFTWARE_WEBGL : NO_GRAPHICS)];
  return chromium.launch({ executablePath: findChromium()!, args });
}
