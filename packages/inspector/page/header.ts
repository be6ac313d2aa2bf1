import { fill, h, s } from './dom.js';
import { type PageStore, VIEWS, type View } from './state.js';
import { nextTheme } from './theme.js';
import type { ViewElement } from './view-element.js';

const NAMES: Readonly<Record<View, string>> = {
  charts: 'Charts',
  axes: 'Two axes',
  media: 'Media',
  runs: 'Runs',
  details: 'Details',
};

/** The page's head: what is shown, how fresh it is, and the way to the other views. */
export function createHeader(store: PageStore, help: { toggle(): void }): ViewElement {
  const status = h('p', { className: 'status', attrs: { role: 'status' } });
  const folder = h('span', { className: 'folder' });
  const tabs = new Map<View, HTMLButtonElement>();
  for (const view of VIEWS) {
    tabs.set(view, h('button', { type: 'button', on: { click: () => store.update({ view }) } }, NAMES[view]));
  }
  const theme = h('button', {
    type: 'button',
    className: 'quiet',
    on: { click: () => store.update({ theme: nextTheme(store.state.theme) }) },
  });
  const keys = h(
    'button',
    { type: 'button', className: 'quiet', attrs: { 'aria-label': 'Keys' }, on: { click: help.toggle } },
    '?',
  );
  const element = h(
    'header',
    { className: 'top' },
    h('h1', {}, logo(), 'microbatch'),
    folder,
    h('nav', { attrs: { 'aria-label': 'Views' } }, ...tabs.values()),
    status,
    theme,
    keys,
  );

  return {
    element,
    show({ answer, trouble, view, theme: chosen }) {
      for (const [name, tab] of tabs) {
        if (name === view) tab.setAttribute('aria-current', 'page');
        else tab.removeAttribute('aria-current');
      }
      fill(folder, answer?.root ?? '');
      folder.title = answer?.root ?? '';
      const bad = trouble ?? answer?.failure;
      const text = bad ?? (answer === undefined ? 'connecting' : answer.isLoaded ? 'live' : 'reading');
      status.className = `status ${bad === undefined ? (answer?.isLoaded ? 'live' : 'reading') : 'lost'}`;
      if (status.textContent !== text) status.textContent = text;
      theme.textContent = { auto: 'Auto', light: 'Light', dark: 'Dark' }[chosen];
      theme.setAttribute('aria-label', `${theme.textContent}: colours of the page`);
    },
  };
}

/** One window: micro-batches below, the step that they made above. */
function logo(): SVGElement {
  return s(
    'svg',
    { viewBox: '0 0 32 32', width: 22, height: 22, class: 'logo', 'aria-hidden': true },
    s('rect', { width: 32, height: 32, rx: 7 }),
    s('path', { d: 'M16 9 10 23M16 9l-2 14M16 9l2 14M16 9l6 14' }),
    s('circle', { cx: 16, cy: 9, r: 3 }),
    ...[10, 14, 18, 22].map((cx) => s('circle', { cx, cy: 23, r: 1.8 })),
  );
}
