import { resolve } from 'node:path';
import type { RunInfo } from '@microbatch/core/logger';
import { describe, expect, it } from 'vitest';
import type { WandbOptions } from '../src/settings/options.js';
import { resolveSettings } from '../src/settings/settings.js';
import { alone, KEY, RUN } from './settings-env.js';

describe('settings', () => {
  const env = alone({
    WANDB_PROJECT: 'env-project',
    WANDB_ENTITY: 'env-entity',
    WANDB_DIR: '/env/dir',
    WANDB_NAME: 'env-name',
    WANDB_NOTES: 'env-notes',
    WANDB_TAGS: 'x,y',
    WANDB_RUN_GROUP: 'env-group',
    WANDB_JOB_TYPE: 'env-job',
    WANDB_MODE: 'disabled',
    WANDB_RUN_ID: 'env id',
    WANDB_HOST: 'env-host',
    WANDB_PROGRAM: 'env-program.js',
    WANDB_BASE_URL: 'https://env.example/',
    WANDB_SILENT: 'True',
    WANDB_QUIET: '1',
    WANDB_CONSOLE: 'wrap',
    WANDB_DISABLE_GIT: 'true',
    WANDB_X_DISABLE_STATS: 'true',
    WANDB_X_STATS_SAMPLING_INTERVAL: '2.5',
  });

  it('come from the environment where neither options nor run say them', () => {
    const settings = resolveSettings({}, env);
    expect(settings).toMatchObject({
      mode: 'disabled',
      dir: '/env/dir',
      program: 'env-program.js',
      baseUrl: 'https://env.example',
      quiet: true,
      noticesOnly: true,
      captureConsole: true,
      saveGit: false,
      systemMetrics: false,
      systemMetricsEveryMs: 2500,
    });
    expect(settings.describe({ ...RUN, project: undefined, name: 'abc' } as unknown as RunInfo, 'host')).toMatchObject({
      id: 'env id',
      project: 'env-project',
      entity: 'env-entity',
      name: 'env-name',
      notes: 'env-notes',
      tags: ['a', 'x', 'y'],
      group: 'env-group',
      jobType: 'env-job',
      host: 'env-host',
    });
  });

  it('come from the run before the environment, and from the options before both', () => {
    expect(resolveSettings({}, env).describe(RUN, 'host')).toMatchObject({ project: 'of-the-run', name: 'mine' });
    const options: WandbOptions = {
      project: 'p',
      name: 'n',
      entity: 'e',
      id: 'i',
      tags: ['a', 'b'],
      config: { lr: 3 },
      mode: 'offline',
      dir: 'd',
      host: 'h',
      program: 'p.js',
      baseUrl: 'http://localhost:8080',
      quiet: false,
      captureConsole: false,
      saveGit: true,
      systemMetrics: true,
    };
    const settings = resolveSettings(options, env);
    expect(settings).toMatchObject({
      mode: 'offline',
      dir: resolve('d'),
      program: 'p.js',
      baseUrl: 'http://localhost:8080',
      quiet: false,
      captureConsole: false,
      saveGit: true,
      systemMetrics: true,
    });
    expect(settings.describe(RUN, 'host')).toMatchObject({
      id: 'i',
      project: 'p',
      name: 'n',
      entity: 'e',
      host: 'h',
      tags: ['a', 'b'],
      config: { lr: 3, kept: 2 },
    });
  });

  it('have their defaults', () => {
    const settings = resolveSettings({}, alone());
    expect(settings).toMatchObject({
      mode: 'offline',
      transport: 'log',
      dir: process.cwd(),
      baseUrl: 'https://api.wandb.ai',
      hasKey: false,
      strict: false,
      quiet: false,
      noticesOnly: false,
      captureConsole: false,
      saveGit: true,
      systemMetrics: true,
      systemMetricsEveryMs: 15_000,
      notices: [],
      program: process.argv[1],
    });
    expect(settings.resume).toBeUndefined();
    expect(settings.describe(RUN, 'host')).toMatchObject({ id: 'abc', host: 'host' });
  });

  it('leave the name of a run that has only its id to W&B', () => {
    expect(resolveSettings({}, alone()).describe({ ...RUN, name: 'abc' }, 'host').name).toBeUndefined();
  });

  it('give a run without an id a random one, as the Python client makes it', () => {
    const { describe: describeRun } = resolveSettings({ saveGit: false }, alone());
    const ids = Array.from({ length: 100 }, () => describeRun({ startedAt: 0 }, 'host').id);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{8}$/);
    expect(new Set(ids).size).toBe(100);
  });

  it('have an empty variable for none', () => {
    const empty = Object.fromEntries(Object.keys(env).map((name) => [name, '']));
    expect(resolveSettings({}, { ...empty, ...alone() })).toMatchObject({ mode: 'offline', saveGit: true });
  });

  it.each([
    [{ WANDB_MODE: 'online', WANDB_API_KEY: KEY }, { mode: 'online' }],
    [{ WANDB_MODE: 'run', WANDB_API_KEY: KEY }, { mode: 'online' }],
    [{ WANDB_MODE: 'offline' }, { mode: 'offline' }],
    [{ WANDB_MODE: 'dryrun' }, { mode: 'offline' }],
    [{ WANDB_DISABLED: 'true', WANDB_MODE: 'online' }, { mode: 'disabled' }],
    [{ WANDB_DISABLED: 'false' }, { mode: 'offline' }],
    [{ WANDB_X_DISABLE_MACHINE_INFO: 'true' }, { systemMetrics: false, saveGit: false, saveMetadata: false }],
    [{ WANDB__DISABLE_META: 'true' }, { systemMetrics: true, saveGit: true, saveMetadata: false }],
    [{ WANDB__DISABLE_STATS: 'true' }, { systemMetrics: false }],
    [{ WANDB_CONSOLE: 'auto' }, { captureConsole: false }],
    [{ WANDB_CONSOLE: 'off' }, { captureConsole: false }],
  ])('take %j for %j', (variables, expected) => {
    expect(resolveSettings({}, alone(variables))).toMatchObject(expected);
  });

  it('go online by the sdk without a mode, and not where the environment says offline', () => {
    expect(resolveSettings({ transport: 'sdk' }, alone())).toMatchObject({ mode: 'online', transport: 'sdk' });
    const offline = resolveSettings({ transport: 'sdk' }, alone({ WANDB_MODE: 'offline' }));
    expect(offline).toMatchObject({ mode: 'offline', transport: 'log' });
  });

  it('resume an online run alone, and say so of another', () => {
    const online = alone({ WANDB_API_KEY: KEY, WANDB_RESUME: 'allow' });
    expect(resolveSettings({ mode: 'online' }, online)).toMatchObject({ resume: 'allow', notices: [] });
    expect(resolveSettings({ mode: 'online', resume: 'never' }, online).resume).toBe('never');
    const offline = resolveSettings({}, online);
    expect(offline.resume).toBeUndefined();
    expect(offline.notices).toMatchObject([{ level: 'warn', code: 'resume-ignored' }]);
    const must = resolveSettings({ mode: 'online', resume: 'must' }, online);
    expect(() => must.describe({ startedAt: 0 }, 'host')).toThrow(/^resume 'must' needs the id/);
    expect(must.describe(RUN, 'host').id).toBe('abc');
  });

  it('warn of a key that goes unencrypted, where one goes', () => {
    const plain = { baseUrl: 'http://wandb.example' };
    const online = resolveSettings({ ...plain, mode: 'online', apiKey: KEY }, alone());
    expect(online.notices).toMatchObject([{ level: 'warn', code: 'plain-http' }]);
    expect(resolveSettings(plain, alone()).notices).toEqual([]);
    expect(resolveSettings({ baseUrl: 'http://127.0.0.1:1', mode: 'online', apiKey: KEY }, alone()).notices).toEqual(
      [],
    );
  });

  it('hide the machine where the environment asks for it', () => {
    const shown = resolveSettings({}, alone());
    expect(shown.describe(RUN, 'host').host).toBe('host');
    expect(shown.saveMetadata).toBe(true);
    const hidden = resolveSettings({}, alone({ WANDB_X_DISABLE_MACHINE_INFO: 'true' }));
    expect(hidden.describe(RUN, 'host').host).toBeUndefined();
    expect(hidden.saveMetadata).toBe(false);
  });

  it('tell of a stop by the option', () => {
    let stops = 0;
    resolveSettings({ onStopRequest: () => stops++ }, alone()).onStopRequest();
    expect(stops).toBe(1);
  });
});
