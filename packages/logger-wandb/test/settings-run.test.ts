import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../src/settings/settings.js';
import { emptyFolder } from './folders.js';
import { alone, RUN } from './settings-env.js';

describe('an id for W&B', () => {
  it.each([['x'], ['A run 7'], ['..'], ['käse'], ['日'.repeat(66)], ['i'.repeat(128)]])('may be %j', (id) => {
    expect(resolveSettings({ id }, alone()).describe(RUN, 'host').id).toBe(id);
    expect(resolveSettings({}, alone({ WANDB_RUN_ID: id })).describe(RUN, 'host').id).toBe(id);
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
    const described = settings.describe(RUN, 'host');
    expect(described).toMatchObject({ id: 'r1', project: 'swept', entity: 'team', sweepId: 'sweep1' });
  });

  it('sets parameters in the config, over all others', () => {
    const path = join(emptyFolder(), 'config-r1.yaml');
    writeFileSync(path, 'wandb_version: 1\n\nlr:\n  value: 0.5\nlayers:\n  value: [1, 2]\n');
    const settings = resolveSettings({ config: { lr: 9 } }, alone({ ...agent, WANDB_SWEEP_PARAM_PATH: path }));
    expect(settings.sweepConfig).toEqual({ lr: 0.5, layers: [1, 2] });
    expect(settings.describe(RUN, 'host').config).toEqual({ lr: 0.5, kept: 2, layers: [1, 2] });
  });

  it.each([['lr: 3'], ['- lr'], ['a: [']])('whose parameters are %j is a notice', (text) => {
    const path = join(emptyFolder(), 'config.yaml');
    writeFileSync(path, text);
    const settings = resolveSettings({}, alone({ ...agent, WANDB_SWEEP_PARAM_PATH: path }));
    expect(settings.notices).toMatchObject([{ code: 'sweep-config-unusable' }]);
    expect(settings.notices[0]!.message).toContain(path);
  });
});
