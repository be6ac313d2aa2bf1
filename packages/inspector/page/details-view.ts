import type { RunAnswer, RunDetailsAnswer } from '../src/view/protocol.js';
import { fetchDetails } from './api.js';
import { fill, h } from './dom.js';
import { bytes, count, duration, moment, numberOf, plural, short } from './format.js';
import { sourceName } from './run-list.js';
import { runPicker } from './run-picker.js';
import { stateSign, stateText } from './run-state.js';
import { focusedRun, type PageStore } from './state.js';
import type { ViewElement } from './view-element.js';

type Cell = string | HTMLElement;

/** What there is to know of one run beside its curves. */
export function createDetailsView(store: PageStore): ViewElement {
  const picker = runPicker(store);
  const body = h('div', { className: 'details' });
  const element = h(
    'section',
    { className: 'view', attrs: { 'aria-label': 'Details of a run' } },
    h('div', { className: 'toolbar' }, picker.element),
    body,
  );
  let shown = '';

  return {
    element,
    show(state) {
      picker.show(state);
      const run = focusedRun(state);
      const look = `${run?.key} ${run?.version}`;
      if (look === shown) return;
      shown = look;
      if (run === undefined) return fill(body, h('p', { className: 'empty' }, 'No run is there yet.'));
      fetchDetails(run.key)
        .then((details) => {
          if (shown === look) fill(body, ...sections(run, details));
        })
        .catch((error: Error) => fill(body, h('p', { className: 'empty' }, `can't be loaded: ${error.message}`)));
    },
  };
}

function sections(run: RunAnswer, details: RunDetailsAnswer): HTMLElement[] {
  const { facts, config, summary, epochs, diagnostics, discarded, skipped, sources, problems } = details;
  const took = run.startedAt === undefined || run.last.time === undefined ? Number.NaN : run.last.time - run.startedAt;
  const head = h(
    'header',
    { className: 'run-head' },
    h('h2', {}, run.name),
    h('p', {}, stateSign(run), ` ${stateText(run)}`, Number.isNaN(took) ? '' : ` after ${duration(took / 1000)}`),
    clocks(run),
  );
  const [aboutRun, accumulation] = splitFacts(facts);
  const metrics = [...new Set(epochs.flatMap(({ train, valid }) => [...Object.keys(train), ...Object.keys(valid)]))];
  return [
    head,
    problems.length > 0 &&
      section(
        'Problems',
        table(
          ['file', 'what'],
          problems.map(({ path, message }) => [path, message]),
          [],
        ),
      ),
    h(
      'div',
      { className: 'pair' },
      section('Config', definitions(config, 'This run logged no config.')),
      section('About the run', definitions(aboutRun, '')),
    ),
    section('Accumulation', definitions(accumulation, 'Only a journal tells of the policy.')),
    epochs.length > 0 &&
      section(
        'Epochs',
        table(
          ['epoch', 'micro-batch', 'step', ...metrics.flatMap((name) => [`train ${name}`, `valid ${name}`])],
          epochs.map(({ epoch, microStep, step, train, valid }) => [
            short(epoch),
            count(microStep),
            count(step),
            ...metrics.flatMap((name) =>
              // A metric may be called as what every object has.
              [train, valid].map((means) => (Object.hasOwn(means, name) ? short(numberOf(means[name]!)) : '')),
            ),
          ]),
          'all',
        ),
      ),
    section(
      'Latest values',
      table(
        ['tag', 'last', 'lowest', 'highest', 'points', 'from'],
        summary.map(({ tag, last, min, max, points, source }) => [
          tag,
          ...[last, min, max].map((value) => short(numberOf(value))),
          count(points),
          sourceName(source),
        ]),
        [1, 2, 3, 4],
      ),
    ),
    section(
      'Windows that were given up',
      discarded.length === 0 && skipped === 0
        ? h(
            'p',
            { className: 'soft' },
            run.sources.includes('journal')
              ? 'None: every micro-batch is part of a step.'
              : 'Only a journal tells of them.',
          )
        : h(
            'div',
            {},
            skipped > 0 &&
              h('p', {}, `${plural(skipped, 'micro-batch', 'micro-batches')} left out of their windows: not finite.`),
            discarded.length > 0 &&
              table(
                ['after step', 'micro-batches', 'samples', 'why'],
                discarded.map(({ step, firstMicroStep, lastMicroStep, samples, discarded: why = '' }) => [
                  count(step),
                  `${count(firstMicroStep)} to ${count(lastMicroStep)}`,
                  short(numberOf(samples)),
                  why,
                ]),
                [0, 1, 2],
              ),
          ),
    ),
    section(
      'Diagnostics',
      diagnostics.length === 0
        ? h('p', { className: 'soft' }, 'None.')
        : table(
            ['level', 'code', 'micro-batch', 'when', 'message'],
            diagnostics.map(({ level, code, message, microStep, time }) => [
              level,
              code,
              count(microStep),
              moment(time),
              message,
            ]),
            [2],
          ),
    ),
    section(
      'Files',
      table(
        ['what', 'where', 'size', 'tags', 'points', 'train/loss'],
        sources.map(({ kind, paths, bytes: size, tags, points, loss }) => [
          sourceName(kind),
          paths.join('\n'),
          bytes(size),
          count(tags),
          count(points),
          loss === undefined
            ? ''
            : loss.differing === 0
              ? `${count(loss.compared)} as in the ${sources[0]!.kind}`
              : `${count(loss.differing)} other than in the ${sources[0]!.kind}`,
        ]),
        [2, 3, 4],
      ),
    ),
  ].filter((one) => one !== false);
}

/** What is told of the run itself, and of how it accumulates; what means nothing to a reader is left out. */
function splitFacts(
  facts: Readonly<Record<string, string>>,
): readonly [Record<string, string>, Record<string, string>] {
  const [about, accumulation]: [Record<string, string>, Record<string, string>] = [{}, {}];
  for (const [name, value] of Object.entries(facts)) {
    const [, scope, rest] = /^(plan|policy)\.(.+)$/s.exec(name) ?? [];
    if (scope === undefined) about[name] = value;
    else if (rest !== 'scheduleProbe') accumulation[rest!] = value;
  }
  return [about, accumulation];
}

function clocks({ last: { microStep, step, samples, epoch, logged } }: RunAnswer): HTMLElement {
  const told: readonly (readonly [string, number | undefined])[] = [
    ['micro-batches', microStep],
    ['optimizer steps', step],
    ['samples', samples],
    ['epochs', epoch],
    ['last step as logged', microStep === undefined ? logged : undefined],
  ];
  const known = told.filter(([, value]) => value !== undefined);
  return h(
    'dl',
    { className: 'clocks' },
    ...known.map(([name, value]) => h('div', {}, h('dd', {}, short(value!)), h('dt', {}, name))),
  );
}

function section(heading: string, content: HTMLElement): HTMLElement {
  return h('section', {}, h('h3', {}, heading), content);
}

function definitions(values: Readonly<Record<string, string>>, none: string): HTMLElement {
  const entries = Object.entries(values);
  if (entries.length === 0) return h('p', { className: 'soft' }, none);
  return h(
    'dl',
    { className: 'definitions' },
    ...entries.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

/** `numbers`: which columns are numbers. */
function table(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  numbers: readonly number[] | 'all',
): HTMLElement {
  const kind = (index: number) => (numbers === 'all' || numbers.includes(index) ? 'number' : '');
  return h(
    'div',
    { className: 'scroll' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h('tr', {}, ...heads.map((head, index) => h('th', { className: kind(index), attrs: { scope: 'col' } }, head))),
      ),
      h(
        'tbody',
        {},
        ...rows.map((row) => h('tr', {}, ...row.map((cell, index) => h('td', { className: kind(index) }, cell)))),
      ),
    ),
  );
}
