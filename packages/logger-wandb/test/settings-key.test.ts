import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { LoggerError } from '@microbatch/core/logger';
import { describe, expect, it } from 'vitest';
import type { WandbOptions } from '../src/settings/options.js';
import { resolveSettings } from '../src/settings/settings.js';
import { emptyFolder } from './folders.js';
import { alone, KEY } from './settings-env.js';

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
    const home = emptyFolder();
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
