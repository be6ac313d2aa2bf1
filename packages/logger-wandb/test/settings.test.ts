import type { RunInfo } from '@microbatch/core/logger';
import { describe, expect, it } from 'vitest';
import { resolveSettings, type WandbOptions } from '../src/settings/settings.js';

const RUN = { id: 'abc', name: 'mine', project: 'of-the-run', config: { lr: 1, kept: 2 }, tags: ['a'], startedAt: 0 };
const run = RUN as unknown as RunInfo;

describe('settings', () => {
  const env = {
    WANDB_PROJECT: 'env-project',
    WANDB_ENTITY: 'env-entity',
    WANDB_DIR: '/env/dir',
    WANDB_NAME: 'env-name',
    WANDB_NOTES: 'env-notes',
    WANDB_TAGS: 'x,y',
    WANDB_RUN_GROUP: 'env-group',
    WANDB_JOB_TYPE: 'env-job',
    WANDB_MODE: 'disabled',
  };

  it('come from the environment where neither options nor run say them', () => {
    const settings = resolveSettings({}, env);
    expect(settings).toMatchObject({ mode: 'disabled', dir: '/env/dir' });
    expect(settings.describe({ ...run, project: undefined, name: 'abc' } as unknown as RunInfo, 'host')).toMatchObject({
      id: 'abc',
      project: 'env-project',
      entity: 'env-entity',
      name: 'env-name',
      notes: 'env-notes',
      tags: ['a', 'x', 'y'],
      group: 'env-group',
      jobType: 'env-job',
    });
  });

  it('come from the run before the environment, and from the options before both', () => {
    expect(resolveSettings({}, env).describe(run, 'host')).toMatchObject({ project: 'of-the-run', name: 'mine' });
    const options: WandbOptions = {
      project: 'p',
      name: 'n',
      entity: 'e',
      tags: ['a', 'b'],
      config: { lr: 3 },
      mode: 'offline',
      dir: 'd',
    };
    const settings = resolveSettings(options, env);
    expect(settings).toMatchObject({ mode: 'offline', dir: 'd' });
    expect(settings.describe(run, 'host')).toMatchObject({
      project: 'p',
      name: 'n',
      entity: 'e',
      tags: ['a', 'b'],
      config: { lr: 3, kept: 2 },
    });
  });

  it('leave the name of a run that has only its id to W&B', () => {
    expect(resolveSettings({}, {}).describe({ ...run, name: 'abc' }, 'host').name).toBeUndefined();
  });

  it('fall back to offline where only the environment asks for online', () => {
    const online = { WANDB_MODE: 'online' };
    expect(resolveSettings({}, online)).toMatchObject({ mode: 'offline', onlineUnavailable: true });
    expect(resolveSettings({ mode: 'offline' }, online)).toMatchObject({ mode: 'offline', onlineUnavailable: false });
    expect(resolveSettings({ transport: 'sdk' }, online)).toMatchObject({ mode: 'online', onlineUnavailable: false });
  });

  it('have an empty variable for none', () => {
    expect(resolveSettings({}, { WANDB_PROJECT: '', WANDB_MODE: '' }).mode).toBe('offline');
  });

  const bad: [object, Record<string, string>, RegExp][] = [
    [{ project: 'a/b' }, {}, /^project .*"a\/b"/],
    [{ project: 'x'.repeat(129) }, {}, /^project .*128/],
    [{ project: '' }, {}, /^project .*""/],
    [{}, { WANDB_PROJECT: 'a:b' }, /^WANDB_PROJECT .*"a:b"/],
    [{ entity: 'a#b' }, {}, /^entity .*"a#b"/],
    [{ name: 7 }, {}, /^name .*7/],
    [{ tags: 'one' }, {}, /^tags .*"one"/],
    [{ tags: ['ok', ''] }, {}, /^tags\[1\] .*""/],
    [{ tags: ['t'.repeat(65)] }, {}, /^tags\[0\] .*64/],
    [{ config: [1] }, {}, /^config .*1/],
    [{ config: { f: Symbol('s') } }, {}, /^config\.f: .*symbol/],
    [{ mode: 'onlin' }, {}, /^mode .*"onlin"/],
    [{ mode: 'online' }, {}, /^mode 'online' is not there yet.*wandb sync.*transport: 'sdk'/],
    [{ mode: 'offline', transport: 'sdk' }, {}, /^mode 'offline' .*sdk/],
    [{ transport: 'http' }, {}, /^transport .*"http"/],
    [{ stepAxis: 'epochs' }, {}, /^stepAxis .*"epochs"/],
    [{ names: 'keras' }, {}, /^names .*"keras"/],
    [{ quiet: 'yes' }, {}, /^quiet .*"yes"/],
    [{ onNotice: true }, {}, /^onNotice .*true/],
    [{ prject: 'p' }, {}, /no option prject, given "p"/],
  ];
  it.each(bad)('refuse %j with %j', (options, variables, message) => {
    expect(() => resolveSettings(options, variables)).toThrow(message);
    expect(() => resolveSettings(options, variables)).toThrow(TypeError);
  });

  it.each([
    [{ id: '../up' }, /^run\.id .*"\.\.\/up"/],
    [{ project: 'a?b' }, /^run\.project .*"a\?b"/],
    [{ tags: [''] }, /^run\.tags\[0\]/],
  ])('refuse a run with %j', (change, message) => {
    const { describe: describeRun } = resolveSettings({}, {});
    expect(() => describeRun({ ...run, ...change }, 'host')).toThrow(message);
  });
});
