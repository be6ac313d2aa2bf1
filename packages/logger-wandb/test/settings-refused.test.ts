import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../src/settings/settings.js';
import { alone, RUN } from './settings-env.js';

describe('settings', () => {
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
    expect(() => describeRun({ ...RUN, ...change }, 'host')).toThrow(message);
  });
});
