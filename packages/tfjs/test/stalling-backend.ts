import { type DeviceHooks, registerDevice } from './device-backend.js';

/** Registers a device, 'stalling', that throws where it would stall. Its name is one that the package does not know. */
export function registerStallingBackend(hooks: Pick<DeviceHooks, 'onRead' | 'onKernel'> = {}): void {
  registerDevice('stalling', {
    ...hooks,
    onSyncRead() {
      throw new Error('dataSync() would stall the device');
    },
  });
}
