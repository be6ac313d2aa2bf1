import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { LoggerError, RunInfo } from '@microbatch/core/logger';
import { describe, expect, it } from 'vitest';
import type { WandbOptions } from '../src/settings/options.js';
import { resolveSettings } from '../src/settings/settings.js';
import { emptyFolder } from './folders.js';

const RUN = { id: 'abc', name: 'mine', project: 'of-the-run', config: { lr: 1, kept: 2 }, tags: ['a'], startedAt: 0 };
const run = RUN as unknown as RunInfo;
const KEY = 'a1'.repeat(20);

/** An environment without the key of whoever runs the tests. */
function alone(variables: Record<string, string> = {}): Record<string, string> {
  return { HOME: '/nowhere', USERPROFILE: '/nowhere', ...variables };
}

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
    expect(settings.describe({ ...run, project: undefined, name: 'abc' } as unknown as RunInfo, 'host')).toMatchObject({
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
    expect(resolveSettings({}, env).describe(run, 'host')).toMatchObject({ project: 'of-the-run', name: 'mine' });
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
      dir: 'd',
      program: 'p.js',
      baseUrl: 'http://localhost:8080',
      quiet: false,
      captureConsole: false,
      saveGit: true,
      systemMetrics: true,
    });
    expect(settings.describe(run, 'host')).toMatchObject({
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
      dir: './',
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
    expect(settings.describe(run, 'host')).toMatchObject({ id: 'abc', host: 'host' });
  });

  it('leave the name of a run that has only its id to W&B', () => {
    expect(resolveSettings({}, alone()).describe({ ...run, name: 'abc' }, 'host').name).toBeUndefined();
  });

  it('give a run without an id a random one, as the Python client makes it', () => {
    const { describe: describeRun } = resolveSettings({}, alone());
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
    expect(must.describe(run, 'host').id).toBe('abc');
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
    expect(shown.describe(run, 'host').host).toBe('host');
    expect(shown.saveMetadata).toBe(true);
    const hidden = resolveSettings({}, alone({ WANDB_X_DISABLE_MACHINE_INFO: 'true' }));
    expect(hidden.describe(run, 'host').host).toBeUndefined();
    expect(hidden.saveMetadata).toBe(false);
  });

  it('tell of a stop by the option', () => {
    let stops = 0;
    resolveSettings({ onStopRequest: () => stops++ }, alone()).onStopRequest();
    expect(stops).toBe(1);
  });

  const bad: [object, Record<string, string>, RegExp][] = [
    [{ project: 'a/b' }, {}, /^project .*"a\/b"/],
    [{ project: 'x'.repeat(129) }, {}, /^project .*128/],
    [{ project: '' }, {}, /^project .*""/],
    [{}, { WANDB_PROJECT: 'a:b' }, /^WANDB_PROJECT .*"a:b"/],
    [{ entity: 'a#b' }, {}, /^entity .*"a#b"/],
    [{ name: 7 }, {}, /^name .*7/],
    [{}, { WANDB_RUN_GROUP: 'g'.repeat(129) }, /^WANDB_RUN_GROUP .*128/],
    [{ tags: 'one' }, {}, /^tags .*"one"/],
    [{ tags: ['ok', ''] }, {}, /^tags\[1\] .*""/],
    [{ tags: ['t'.repeat(65)] }, {}, /^tags\[0\] .*64/],
    [{}, { WANDB_TAGS: `a,${'t'.repeat(65)}` }, /^WANDB_TAGS\[1\] .*64/],
    [{ config: [1] }, {}, /^config .*1/],
    [{ config: { f: Symbol('s') } }, {}, /^config\.f: .*symbol/],
    [{ mode: 'onlin' }, {}, /^mode .*"onlin"/],
    [{}, { WANDB_MODE: 'onlin' }, /^WANDB_MODE .*"onlin"/],
    [{}, { WANDB_MODE: 'shared' }, /^WANDB_MODE "shared" .*WANDB_RUN_GROUP/],
    [{}, { WANDB_DISABLED: 'perhaps' }, /^WANDB_DISABLED .*"perhaps"/],
    [{ mode: 'offline', transport: 'sdk' }, {}, /^mode 'offline' .*sdk/],
    [{ transport: 'http' }, {}, /^transport .*"http"/],
    [{ resume: 'auto' }, {}, /^resume .*"auto"/],
    [{}, { WANDB_RESUME: 'auto' }, /^WANDB_RESUME .*"auto"/],
    [{ resume: 'allow', transport: 'sdk' }, {}, /^resume 'allow' .*'sdk'/],
    [{ stepAxis: 'epochs' }, {}, /^stepAxis .*"epochs"/],
    [{ names: 'keras' }, {}, /^names .*"keras"/],
    [{ quiet: 'yes' }, {}, /^quiet .*"yes"/],
    [{ strict: 1 }, {}, /^strict .*1/],
    [{ captureConsole: 'wrap' }, {}, /^captureConsole .*"wrap"/],
    [{}, { WANDB_CONSOLE: 'loud' }, /^WANDB_CONSOLE .*"loud"/],
    [{}, { WANDB_SILENT: 'maybe' }, /^WANDB_SILENT .*"maybe"/],
    [{ onNotice: true }, {}, /^onNotice .*true/],
    [{ onStopRequest: 'stop' }, {}, /^onStopRequest .*"stop"/],
    [{ metrics: ['loss'] }, {}, /^metrics .*"loss"/],
    [{ baseUrl: 'api.wandb.ai' }, {}, /^baseUrl .*http/],
    [{}, { WANDB_BASE_URL: 'no address' }, /^WANDB_BASE_URL .*http/],
    [{}, { WANDB_BASE_URL: 'https://wandb.ai' }, /^WANDB_BASE_URL .*did you mean https:\/\/api\.wandb\.ai/],
    [{}, { WANDB_BASE_URL: 'http://api.wandb.ai' }, /^WANDB_BASE_URL .*https/],
    [{}, { WANDB_SWEEP_ID: ' s' }, /^WANDB_SWEEP_ID .*" s"/],
    [{ prject: 'p' }, {}, /unknown option prject \("p"\)/],
    [null as never, {}, /the options must be an object, not null/],
  ];
  it.each(bad)('refuse %j with %j', (options, variables, message) => {
    expect(() => resolveSettings(options, alone(variables))).toThrow(message);
    expect(() => resolveSettings(options, alone(variables))).toThrow(TypeError);
  });

  it.each([['0.01'], ['often'], ['Infinity']])('refuse to sample every %s s', (seconds) => {
    const sampled = alone({ WANDB_X_STATS_SAMPLING_INTERVAL: seconds });
    expect(() => resolveSettings({}, sampled)).toThrow(/^WANDB_X_STATS_SAMPLING_INTERVAL .*0\.1/);
  });

  it.each([
    [{ id: '../up' }, /^run\.id .*"\.\.\/up"/],
    [{ project: 'a?b' }, /^run\.project .*"a\?b"/],
    [{ tags: [''] }, /^run\.tags\[0\]/],
  ])('refuse a run with %j', (change, message) => {
    const { describe: describeRun } = resolveSettings({}, alone());
    expect(() => describeRun({ ...run, ...change }, 'host')).toThrow(message);
  });
});

describe('an id for W&B', () => {
  it.each([['x'], ['A run 7'], ['..'], ['käse'], ['日'.repeat(66)], ['i'.repeat(128)]])('may be %j', (id) => {
    expect(resolveSettings({ id }, alone()).describe(run, 'host').id).toBe(id);
    expect(resolveSettings({}, alone({ WANDB_RUN_ID: id })).describe(run, 'host').id).toBe(id);
  });

  const refused = ['', ' a', 'a\n', 'a/b', 'a\\b', 'a#b', 'a?b', 'a%b', 'a:b', 'a;b', 'a,b', "a'b", 'a\0b', 'a\x1b[2J'];
  it.each([...refused, '\ud800', 'i'.repeat(129), '日'.repeat(67)])('may not be %j', (id) => {
    expect(() => resolveSettings({ id }, alone())).toThrow(/^id /);
    if (id !== '') expect(() => resolveSettings({}, alone({ WANDB_RUN_ID: id }))).toThrow(/^WANDB_RUN_ID /);
  });
});

describe('a sweep', () => {
  const agent = { WANDB_SWEEP_ID: 'sweep1', WANDB_RUN_ID: 'r1', WANDB_PROJECT: 'swept', WANDB_ENTITY: 'team' };

  it('says where its run belongs, whatever the program says, which is told', () => {
    const settings = resolveSettings({ project: 'mine', id: 'mine', entity: 'team' }, alone(agent));
    expect(settings.sweepId).toBe('sweep1');
    expect(settings.notices.map(({ code }) => code)).toEqual(['sweep-project', 'sweep-id']);
    const described = settings.describe(run, 'host');
    expect(described).toMatchObject({ id: 'r1', project: 'swept', entity: 'team', sweepId: 'sweep1' });
  });

  it('sets parameters in the config, over all others', () => {
    const path = join(emptyFolder(), 'config-r1.yaml');
    writeFileSync(path, 'wandb_version: 1\n\nlr:\n  value: 0.5\nlayers:\n  value: [1, 2]\n');
    const settings = resolveSettings({ config: { lr: 9 } }, alone({ ...agent, WANDB_SWEEP_PARAM_PATH: path }));
    expect(settings.sweepConfig).toEqual({ lr: 0.5, layers: [1, 2] });
    expect(settings.describe(run, 'host').config).toEqual({ lr: 0.5, kept: 2, layers: [1, 2] });
  });

  it.each([['lr: 3'], ['- lr'], ['a: [']])('whose parameters are %j is a notice', (text) => {
    const path = join(emptyFolder(), 'config.yaml');
    writeFileSync(path, text);
    const settings = resolveSettings({}, alone({ ...agent, WANDB_SWEEP_PARAM_PATH: path }));
    expect(settings.notices).toMatchObject([{ code: 'sweep-config-unusable' }]);
    expect(settings.notices[0]!.message).toContain(path);
  });
});

describe('the key', () => {
  function netrc(text: string): Record<string, string> {
    const home = emptyFolder();
    writeFileSync(join(home, '.netrc'), text);
    return { HOME: home, USERPROFILE: home };
  }
  const login = (machine: string, key: string) => netrc(`machine ${machine}\n  login user\n  password ${key}\n`);

  function refusal(options: WandbOptions, env: Record<string, string>): LoggerError {
    try {
      resolveSettings({ mode: 'online', ...options }, env);
    } catch (error) {
      return error as LoggerError;
    }
    throw new Error('it was taken');
  }

  it('comes from the option, the variable, the netrc file, in this order', () => {
    const [first, second, third] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [string, string, string];
    const file = login('api.wandb.ai', third);
    const both = { ...file, WANDB_API_KEY: second };
    expect(resolveSettings({ mode: 'online', apiKey: first }, both).key()).toBe(first);
    expect(resolveSettings({ mode: 'online' }, both).key()).toBe(second);
    expect(resolveSettings({ mode: 'online' }, file).key()).toBe(third);
    expect(resolveSettings({}, file)).toMatchObject({ mode: 'offline', hasKey: true });
  });

  it("is the one of the server's host and port", () => {
    const env = login('wandb.example:8080', KEY);
    expect(resolveSettings({ mode: 'online', baseUrl: 'https://wandb.example:8080/' }, env).key()).toBe(KEY);
    expect(refusal({ baseUrl: 'https://wandb.example' }, env).code).toBe('no-key');
  });

  it('of the cloud is found under either of its names', () => {
    expect(resolveSettings({ mode: 'online' }, login('api.forge.coreweave.com', KEY)).key()).toBe(KEY);
    const byDefault = netrc(`default login a password ${'d'.repeat(40)}\nmachine api.wandb.ai password ${KEY}`);
    const forge = { mode: 'online', baseUrl: 'https://api.forge.coreweave.com' } as const;
    expect(resolveSettings(forge, byDefault).key()).toBe(KEY);
  });

  it('is looked for where NETRC says', () => {
    const { HOME } = login('api.wandb.ai', KEY);
    expect(resolveSettings({ mode: 'online' }, alone({ NETRC: join(HOME!, '.netrc') })).key()).toBe(KEY);
    const [home] = [emptyFolder()];
    writeFileSync(join(home, 'mine'), `machine api.wandb.ai password ${KEY}`);
    expect(resolveSettings({ mode: 'online' }, { HOME: home, USERPROFILE: home, NETRC: '~/mine' }).key()).toBe(KEY);
  });

  it('may have a prefix, or be a token of three parts', () => {
    for (const key of [`local-${KEY}`, `wandb_v1_${KEY}`, 'head.pay-load.signature']) {
      expect(resolveSettings({ mode: 'online', apiKey: key }, alone()).key()).toBe(key);
    }
  });

  it('that is missing is an error that names every way to one', () => {
    const error = refusal({}, alone());
    expect(error).toMatchObject({ name: 'LoggerError', code: 'no-key' });
    for (const way of ['WANDB_API_KEY', 'wandb login', 'netrc', "'offline'"]) expect(error.message).toContain(way);
  });

  const BAD = ['short-secret', `${KEY}!`, `${KEY} `, `local-${'s'.repeat(39)}`];
  it.each(BAD)('that is none is never repeated: %j', (key) => {
    const option = refusal({ apiKey: key }, alone());
    expect(option).toBeInstanceOf(TypeError);
    const ofVariable = refusal({}, alone({ WANDB_API_KEY: key }));
    expect(ofVariable).toMatchObject({ code: 'bad-key', message: expect.stringMatching(/^WANDB_API_KEY /) });
    const ofFile = refusal({}, login('api.wandb.ai', JSON.stringify(key)));
    expect(ofFile).toMatchObject({ code: 'bad-key', message: expect.stringContaining('.netrc') });
    for (const error of [option, ofVariable, ofFile]) expect(inspect(error)).not.toContain(key.trim());
  });

  it('that stands in no way of an offline run', () => {
    expect(resolveSettings({}, alone({ WANDB_API_KEY: 'none' }))).toMatchObject({ mode: 'offline', hasKey: true });
    expect(resolveSettings({}, netrc('password first')).notices).toEqual([]);
  });

  it.each([
    [{ apikey: KEY }, /unknown option apikey/],
    [{ token: 'x' }, /unknown option token/],
    [{ login: KEY }, /unknown option login/],
    [{ apiKey: [KEY] }, /^apiKey must be a string/],
  ])('is not in the error of %j', (options, message) => {
    const error = refusal(options as WandbOptions, alone());
    expect(error.message).toMatch(message);
    expect(inspect(error)).not.toContain(Object.values(options).flat()[0]! === 'x' ? '"x"' : KEY);
  });

  it('is not printed with the settings', () => {
    const settings = resolveSettings({ mode: 'online', apiKey: KEY }, alone());
    const shown = [inspect(settings, { depth: null, showHidden: true }), JSON.stringify(settings), `${settings}`];
    for (const text of shown) expect(text).not.toContain(KEY);
    expect(settings.key()).toBe(KEY);
  });

  it('that is set and not used is a secret too', () => {
    const unused = 'b'.repeat(40);
    expect(resolveSettings({ apiKey: KEY }, alone({ WANDB_API_KEY: unused })).secrets()).toEqual([KEY, unused]);
    expect(resolveSettings({}, alone({ WANDB_API_KEY: unused })).secrets()).toEqual([unused]);
    expect(resolveSettings({}, alone()).secrets()).toEqual([]);
  });

  it('of a file that breaks the grammar is told by its line alone', () => {
    const env = netrc(`machine a password ${KEY}\nmachine b secret ${KEY}`);
    const settings = resolveSettings({ mode: 'online', apiKey: undefined as never }, { ...env, WANDB_API_KEY: KEY });
    expect(settings.notices).toEqual([]);
    expect(refusal({}, env).code).toBe('no-key');
    expect(refusal({}, env).message).toMatch(/\.netrc .*line 2/);
    expect(refusal({}, env).message).not.toContain(KEY);
  });

  it('of a file that can not be read is told', () => {
    const folder = emptyFolder();
    expect(existsSync(folder)).toBe(true);
    expect(refusal({}, alone({ NETRC: folder })).message).toMatch(/EISDIR/);
  });
});
