import { h } from './dom.js';

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['1 … 5', 'charts, two axes, media, runs, details'],
  ['/', 'filter charts'],
  ['f', 'filter runs'],
  ['x', 'next x-axis'],
  ['l', 'log scale'],
  ['s', 'more smoothing; S less'],
  ['t', 'light, dark, or as the system'],
  ['?', 'this list'],
  ['in a chart', '← → move, Home and End, + and − zoom, 0 shows all, Enter enlarges'],
  ['in two axes', '← → from window to window, + and − zoom, Page Up and Down move'],
];

/** The list of keys. */
export function createHelp(): { readonly element: HTMLDialogElement; toggle(): void } {
  const close = h('button', { type: 'button', className: 'quiet' }, 'Close');
  const element = h(
    'dialog',
    { className: 'help', attrs: { 'aria-label': 'Keys' } },
    h('h2', {}, 'Keys'),
    h('dl', {}, ...KEYS.map(([keys, what]) => h('div', {}, h('dt', {}, keys), h('dd', {}, what)))),
    close,
  );
  close.addEventListener('click', () => element.close());
  return {
    element,
    toggle() {
      if (element.open) element.close();
      else element.showModal();
    },
  };
}
