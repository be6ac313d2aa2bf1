import type { StepMeasurements } from './train-event.js';

const NAMES: readonly (keyof StepMeasurements)[] = Object.keys({
  gradNorm: 0,
  clippedGradNorm: 0,
  gradientNoiseScale: 0,
  normTestRatio: 0,
  samplesPerSecond: 0,
  forwardBackwardMs: 0,
  accumulateMs: 0,
  applyMs: 0,
  logMs: 0,
} satisfies Record<keyof StepMeasurements, 0>) as (keyof StepMeasurements)[];

/** Hands `emit` each measurement that is there. */
export function forEachMeasurement(
  measured: StepMeasurements,
  emit: (name: keyof StepMeasurements, value: number) => void,
): void {
  for (let at = 0; at < NAMES.length; at += 1) {
    const name = NAMES[at]!;
    const value = measured[name];
    if (value !== undefined) emit(name, value);
  }
}
