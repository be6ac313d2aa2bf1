import { fetchRuns, listen } from './api.js';
import { createChartsView } from './charts-view.js';
import { createDetailsView } from './details-view.js';
import { h } from './dom.js';
import { readHash, writeHash } from './hash.js';
import { createHeader } from './header.js';
import { createHelp } from './help.js';
import { listenToKeys } from './keyboard.js';
import { createMediaView } from './media-view.js';
import { createRunList } from './run-list.js';
import { createRunsView } from './runs-view.js';
import { createStore, newestFirst, type PageState, type View } from './state.js';
import { applyTheme, listenToSystem, savedTheme } from './theme.js';
import { createTwoAxesView } from './two-axes-view.js';
import type { ViewElement } from './view-element.js';

/** More curves than these are no help at first sight. */
const MOST_SELECTED = 20;

const fromAddress = readHash(location.hash);
let isChosen = fromAddress.selected !== undefined;
const store = createStore({
  answer: undefined,
  trouble: undefined,
  view: 'charts',
  selected: new Set(),
  focus: undefined,
  axis: undefined,
  smooth: 0,
  isLog: false,
  tagFilter: '',
  runFilter: '',
  theme: savedTheme(),
  ...fromAddress,
});

const help = createHelp();
const header = createHeader(store, help);
const charts = createChartsView(store);
const list = createRunList(store, charts.highlight);
const views: Readonly<Record<View, ViewElement>> = {
  charts,
  axes: createTwoAxesView(store),
  media: createMediaView(store),
  runs: createRunsView(store),
  details: createDetailsView(store),
};
const main = h('main', {}, ...Object.values(views).map(({ element }) => element));
document.body.replaceChildren(header.element, h('div', { className: 'page' }, list.element, main), help.element);
listenToKeys(store, help);

function show(state: PageState): void {
  header.show(state);
  list.show(state);
  for (const [name, { element }] of Object.entries(views)) element.hidden = name !== state.view;
  // The table lists them all.
  list.element.hidden = state.view === 'runs';
  views[state.view].show(state);
}

store.subscribe((state, before) => {
  if (state.theme !== before.theme) applyTheme(state.theme);
  if (state.selected !== before.selected && before.answer !== undefined && state.answer === before.answer)
    isChosen = true;
  show(state);
  const hash = writeHash(state, isChosen);
  if (hash !== location.hash) history.replaceState(null, '', hash);
});

/** New runs are shown until the reader has chosen some. */
function selection(answer: NonNullable<PageState['answer']>): ReadonlySet<number> {
  if (isChosen) return store.state.selected;
  const newest = newestFirst(answer.runs).slice(0, answer.runs.length <= MOST_SELECTED ? undefined : MOST_SELECTED / 2);
  const next = new Set(newest.map(({ key }) => key));
  const { selected } = store.state;
  return next.size === selected.size && [...next].every((key) => selected.has(key)) ? selected : next;
}

let isFetching = false;
let isStale = false;

/** Fetches the list, and once more where news came meanwhile. */
async function refresh(): Promise<void> {
  isStale = isFetching;
  if (isFetching) return;
  isFetching = true;
  try {
    const answer = await fetchRuns();
    store.update({ answer, trouble: undefined, selected: selection(answer) });
  } catch {
    store.update({ trouble: 'not connected' });
  } finally {
    isFetching = false;
  }
  if (isStale) await refresh();
}

applyTheme(store.state.theme);
listenToSystem(() => {
  if (store.state.theme === 'auto') {
    // A new state makes the charts look at the page's colours again.
    store.update({ theme: 'auto' });
  }
});
show(store.state);
void refresh();
listen(
  () => void refresh(),
  () => store.update({ trouble: 'not connected: the program may have ended' }),
);

/** What a chart draws, for tests and for the curious: in the console, `microbatch.curves('train/loss')`. */
Object.assign(globalThis, {
  microbatch: {
    curves: (tag: string) => charts.card(tag)?.curves,
    runs: () => store.state.answer?.runs,
  },
});
