import type { RunAnswer, SourceKind } from '../src/view/protocol.js';
import { bothEnds } from './both-ends.js';
import { colorName } from './colors.js';
import { fill, h } from './dom.js';
import { count, plural } from './format.js';
import { stateSign } from './run-state.js';
import { focusedRun, newestFirst, type PageState, type PageStore } from './state.js';
import { pausing } from './toolbar.js';
import type { ViewElement } from './view-element.js';

const SOURCES: Readonly<Record<SourceKind, readonly [sign: string, name: string]>> = {
  journal: ['J', 'journal'],
  wandb: ['W', 'W&B log'],
  tensorboard: ['T', 'TensorBoard event files'],
};

/** The list of runs beside every view: what is overlaid, and which run the one-run views show. */
export function createRunList(store: PageStore, onHover: (run: number | undefined) => void): ViewElement {
  const list = h('ul', { className: 'runs' });
  const filter = h('input', {
    type: 'search',
    id: 'run-filter',
    placeholder: 'Filter runs',
    attrs: { 'aria-label': 'Filter runs by name', spellcheck: false },
    on: { input: pausing(() => store.update({ runFilter: filter.value })) },
  });
  const problems = h('details', { className: 'problems', hidden: true });
  const heading = h('h2', {});
  const element = h(
    'aside',
    { className: 'side', attrs: { 'aria-label': 'Runs' } },
    h('div', { className: 'side-head' }, heading, button('All', true), button('None', false)),
    filter,
    list,
    problems,
  );
  const items = new Map<number, { readonly element: HTMLElement; readonly shown: string }>();

  function button(text: string, isAll: boolean): HTMLButtonElement {
    const choose = () => store.update({ selected: new Set(isAll ? shownRuns(store.state).map(({ key }) => key) : []) });
    const label = isAll ? 'Overlay all runs that are listed' : 'Overlay none';
    return h(
      'button',
      { type: 'button', className: 'quiet', attrs: { 'aria-label': label }, on: { click: choose } },
      text,
    );
  }

  function toggle(key: number): void {
    const selected = new Set(store.state.selected);
    if (!selected.delete(key)) selected.add(key);
    store.update({ selected });
  }

  function item(run: RunAnswer, isSelected: boolean, isFocused: boolean): HTMLElement {
    const { key, name, last, sources, progress, project } = run;
    const check = h('input', {
      type: 'checkbox',
      checked: isSelected,
      attrs: { 'aria-label': `Overlay ${name}` },
      on: { change: () => toggle(key) },
    });
    check.style.accentColor = `var(${colorName(key)})`;
    const counts = [
      last.microStep === undefined ? '' : plural(last.microStep, 'micro-batch', 'micro-batches'),
      last.step === undefined ? '' : plural(last.step, 'step'),
      last.microStep === undefined && last.logged !== undefined ? `step ${count(last.logged)}` : '',
    ].filter((text) => text !== '');
    const element = h(
      'li',
      { className: isFocused ? 'focused' : '' },
      check,
      h(
        'button',
        {
          type: 'button',
          className: 'run-name',
          title: `${name}${project === undefined ? '' : `\n${project}`}\n${run.path}`,
          attrs: { 'aria-pressed': isFocused, 'aria-label': `${name}: show in the views of one run` },
          on: { click: () => store.update({ focus: key }) },
        },
        ...bothEnds(name),
      ),
      stateSign(run),
      h('span', { className: 'counts' }, progress < 1 ? `${Math.floor(progress * 100)} % read` : counts.join(' · ')),
      h('span', { className: 'badges' }, ...sources.map(badge)),
    );
    element.addEventListener('pointerenter', () => onHover(key));
    element.addEventListener('pointerleave', () => onHover(undefined));
    return element;
  }

  return {
    element,
    show(state) {
      const { answer, selected } = state;
      const shown = shownRuns(state);
      const focus = focusedRun(state)?.key;
      const all = answer?.runs.length ?? 0;
      fill(heading, shown.length === all ? plural(all, 'run') : `${shown.length} of ${plural(all, 'run')}`);
      const wanted = new Set(shown.map(({ key }) => key));
      for (const key of items.keys()) if (!wanted.has(key)) items.delete(key);
      for (const run of shown) {
        const look = JSON.stringify([run.version, run.outcome, selected.has(run.key), focus === run.key, run.progress]);
        if (items.get(run.key)?.shown === look) continue;
        const before = items.get(run.key)?.element;
        const next = item(run, selected.has(run.key), focus === run.key);
        items.set(run.key, { element: next, shown: look });
        if (before !== undefined) replaceKeepingFocus(before, next);
      }
      const order = shown.map(({ key }) => items.get(key)!.element);
      if (order.length !== list.children.length || order.some((one, index) => list.children[index] !== one)) {
        list.replaceChildren(...order);
      }
      showProblems(problems, state);
    },
  };
}

/** The runs that the filter lets through. */
export function shownRuns({ answer, runFilter }: PageState): RunAnswer[] {
  const text = runFilter.trim().toLowerCase();
  return newestFirst(answer?.runs ?? []).filter(({ name, path, project = '' }) =>
    [name, path, project].some((one) => one.toLowerCase().includes(text)),
  );
}

/** A redrawn line must not take the keyboard away. */
function replaceKeepingFocus(before: HTMLElement, next: HTMLElement): void {
  const controls = (element: HTMLElement) => [...element.querySelectorAll<HTMLElement>('input, button')];
  const focused = controls(before).indexOf(document.activeElement as HTMLElement);
  before.replaceWith(next);
  if (focused >= 0) controls(next)[focused]?.focus();
}

function badge(kind: SourceKind): HTMLElement {
  const [sign, name] = SOURCES[kind];
  return h(
    'span',
    { className: `badge ${kind}`, title: name },
    h('span', { attrs: { 'aria-hidden': true } }, sign),
    h('span', { className: 'heard' }, name),
  );
}

export function sourceName(kind: SourceKind): string {
  return SOURCES[kind][1];
}

function showProblems(element: HTMLDetailsElement, { answer }: PageState): void {
  const problems = answer?.problems ?? [];
  element.hidden = problems.length === 0;
  const text = problems.map(({ path, message }) => `${path}: ${message}`);
  if (element.dataset.shown === text.join('\n')) return;
  element.dataset.shown = text.join('\n');
  fill(
    element,
    h('summary', {}, `${plural(problems.length, 'problem')} with files`),
    h('ul', {}, ...problems.map(({ path, message }) => h('li', {}, h('strong', {}, path), ` ${message}`))),
  );
}
