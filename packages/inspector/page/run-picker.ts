import { fill, h } from './dom.js';
import { focusedRun, newestFirst, type PageStore } from './state.js';
import type { ViewElement } from './view-element.js';

/** Chooses the run that a view of one run shows. */
export function runPicker(store: PageStore): ViewElement {
  const select = h('select', {
    attrs: { 'aria-label': 'Run' },
    on: { change: () => store.update({ focus: Number(select.value) }) },
  });
  let shown = '';
  return {
    element: h('label', { className: 'field' }, 'Run', select),
    show(state) {
      const runs = newestFirst(state.answer?.runs ?? []);
      const look = JSON.stringify(runs.map(({ key, name }) => [key, name]));
      if (look !== shown) {
        shown = look;
        fill(select, ...runs.map(({ key, name }) => h('option', { value: String(key) }, name)));
      }
      select.value = String(focusedRun(state)?.key ?? '');
    },
  };
}
