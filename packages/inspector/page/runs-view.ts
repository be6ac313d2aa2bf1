import type { RunAnswer } from '../src/view/protocol.js';
import { colorName } from './colors.js';
import { fill, h } from './dom.js';
import { shownRuns } from './run-list.js';
import { stateSign } from './run-state.js';
import { type RunColumn, runColumns, shownFirst, sortRuns } from './runs-columns.js';
import type { PageStore } from './state.js';
import { pausing } from './toolbar.js';
import type { ViewElement } from './view-element.js';

const NAME: RunColumn = {
  name: 'name',
  title: 'Run',
  isNumber: false,
  value: ({ name }) => name,
  text: ({ name }) => name,
};

/** All runs as a table: sorted by any column, and ticked to be overlaid. */
export function createRunsView(store: PageStore): ViewElement {
  let sortedBy = 'started';
  let isRising = false;
  let chosen: Set<string> | undefined;
  let shown = '';
  const table = h('table', { className: 'runs-table' });
  const filter = h('input', {
    type: 'search',
    placeholder: 'Filter runs',
    attrs: { 'aria-label': 'Filter runs by name', spellcheck: false },
    on: { input: pausing(() => store.update({ runFilter: filter.value })) },
  });
  const chooser = h('div', { className: 'columns' });
  const element = h(
    'section',
    { className: 'view', attrs: { 'aria-label': 'Table of runs' } },
    h(
      'div',
      { className: 'toolbar' },
      h('details', { className: 'chooser' }, h('summary', {}, 'Columns'), chooser),
      filter,
    ),
    h('div', { className: 'scroll', tabIndex: 0, attrs: { role: 'region', 'aria-label': 'Runs' } }, table),
  );

  function heading(column: RunColumn): HTMLElement {
    const isSorted = column.name === sortedBy;
    const button = h(
      'button',
      {
        type: 'button',
        on: {
          click: () => {
            isRising = isSorted ? !isRising : !column.isNumber;
            sortedBy = column.name;
            show(true);
            table.querySelector<HTMLElement>(`th[data-column="${CSS.escape(column.name)}"] button`)?.focus();
          },
        },
      },
      column.title,
      h('span', { className: 'arrow', attrs: { 'aria-hidden': true } }, isSorted ? (isRising ? '▲' : '▼') : ''),
    );
    return h(
      'th',
      {
        className: column.isNumber ? 'number' : '',
        title: column.title,
        attrs: {
          scope: 'col',
          'data-column': column.name,
          'aria-sort': isSorted ? (isRising ? 'ascending' : 'descending') : undefined,
        },
      },
      button,
    );
  }

  function row(run: RunAnswer, columns: readonly RunColumn[]): HTMLElement {
    const check = h('input', {
      type: 'checkbox',
      checked: store.state.selected.has(run.key),
      attrs: { 'aria-label': `Overlay ${run.name}` },
      on: {
        change: () => {
          const selected = new Set(store.state.selected);
          if (check.checked) selected.add(run.key);
          else selected.delete(run.key);
          store.update({ selected });
        },
      },
    });
    check.style.accentColor = `var(${colorName(run.key)})`;
    const open = h(
      'button',
      { type: 'button', className: 'link', on: { click: () => store.update({ focus: run.key, view: 'details' }) } },
      run.name,
    );
    return h(
      'tr',
      {},
      h('td', {}, check),
      h('th', { attrs: { scope: 'row' } }, h('div', {}, stateSign(run), open)),
      ...columns.map((column) =>
        h('td', { className: column.isNumber ? 'number' : '', title: column.text(run) }, column.text(run)),
      ),
    );
  }

  function showChooser(columns: readonly RunColumn[], wanted: ReadonlySet<string>): void {
    const boxes = columns.map(({ name, title }) => {
      const box = h('input', {
        type: 'checkbox',
        checked: wanted.has(name),
        on: {
          change: () => {
            chosen = new Set(wanted);
            if (box.checked) chosen.add(name);
            else chosen.delete(name);
            show(true);
          },
        },
      });
      return h('label', { className: 'field', title }, box, title);
    });
    fill(chooser, ...boxes);
  }

  function show(isForced: boolean): void {
    const { state } = store;
    const runs = shownRuns(state);
    if (document.activeElement !== filter) filter.value = state.runFilter;
    const look = JSON.stringify([
      runs.map(({ key, version }) => [key, version]),
      [...state.selected],
      state.answer?.tags.length,
    ]);
    if (look === shown && !isForced) return;
    shown = look;
    const columns = runColumns(runs, state.answer?.tags ?? []);
    const wanted = chosen ?? shownFirst(columns, runs);
    const visible = columns.filter(({ name }) => wanted.has(name));
    const sorter = [NAME, ...columns].find(({ name }) => name === sortedBy) ?? NAME;
    const isTyping = chooser.contains(document.activeElement);
    if (!isTyping) showChooser(columns, wanted);
    const isTicking = table.contains(document.activeElement) && document.activeElement?.matches('input');
    const ticked = isTicking
      ? [...table.querySelectorAll('input')].indexOf(document.activeElement as HTMLInputElement)
      : -1;
    fill(
      table,
      h('thead', {}, h('tr', {}, h('td', {}), heading(NAME), ...visible.map(heading))),
      h('tbody', {}, ...sortRuns(runs, sorter, isRising).map((run) => row(run, visible))),
    );
    table.querySelectorAll('input')[ticked]?.focus();
  }

  return { element, show: () => show(false) };
}
