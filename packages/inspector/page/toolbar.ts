import { AXES, type Axis } from '../src/view/protocol.js';
import { AXIS_NAMES } from './axes.js';
import { fill, h } from './dom.js';
import { axisOf, type PageStore, selectedRuns } from './state.js';
import type { ViewElement } from './view-element.js';

const INPUT_PAUSE_MS = 120;

/** What all charts share: the axis, smoothing, the scale, and which tags. */
export function createToolbar(store: PageStore): ViewElement {
  const axes = h('fieldset', { className: 'segments', attrs: { 'aria-label': 'x-axis' } });
  const radios = new Map<Axis, HTMLInputElement>();
  for (const axis of AXES) {
    const radio = h('input', {
      type: 'radio',
      name: 'axis',
      value: axis,
      on: { change: () => store.update({ axis }) },
    });
    radios.set(axis, radio);
    axes.append(h('label', { title: AXIS_NAMES[axis].label }, radio, h('span', {}, AXIS_NAMES[axis].name)));
  }
  const smoothText = h('output', { className: 'number' });
  const smooth = h('input', {
    type: 'range',
    min: '0',
    max: '0.99',
    step: '0.01',
    attrs: { 'aria-label': 'Smoothing' },
    on: { input: () => store.update({ smooth: Number(smooth.value) }) },
  });
  const log = h('input', { type: 'checkbox', on: { change: () => store.update({ isLog: log.checked }) } });
  const filter = h('input', {
    type: 'search',
    id: 'tag-filter',
    placeholder: 'Filter charts',
    attrs: { 'aria-label': 'Filter charts by tag; a regular expression', spellcheck: false },
    on: { input: pausing(() => store.update({ tagFilter: filter.value })) },
  });
  const element = h(
    'div',
    { className: 'toolbar', attrs: { role: 'toolbar', 'aria-label': 'Charts' } },
    axes,
    h('label', { className: 'field' }, 'Smoothing', smooth, smoothText),
    h('label', { className: 'field' }, log, 'Log scale'),
    filter,
  );

  return {
    element,
    show(state) {
      const chosen = axisOf(state);
      const runs = selectedRuns(state);
      for (const [axis, radio] of radios) {
        radio.checked = axis === chosen;
        // One that no run knows would show nothing.
        const isKnown = runs.length === 0 || runs.some((run) => run.axes.includes(axis));
        radio.disabled = !isKnown && axis !== chosen;
        radio.parentElement!.hidden = !isKnown && axis !== chosen;
      }
      smooth.value = String(state.smooth);
      fill(smoothText, state.smooth === 0 ? 'off' : state.smooth.toFixed(2));
      log.checked = state.isLog;
      if (document.activeElement !== filter) filter.value = state.tagFilter;
    },
  };
}

/** Calls `action` once for many events in a row. */
export function pausing(action: () => void): () => void {
  let timer: number | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, INPUT_PAUSE_MS);
  };
}
