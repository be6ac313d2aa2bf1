import { AXES } from '../src/view/protocol.js';
import { axisOf, type PageStore, selectedRuns, VIEWS } from './state.js';
import { nextTheme } from './theme.js';

const SMOOTHER = [0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99];

/** Keys that work everywhere but where something is typed. */
export function listenToKeys(store: PageStore, help: { toggle(): void }): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (target.matches('input:not([type=checkbox], [type=radio], [type=range]), select, textarea')) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    const action = actionOf(event.key, store, help);
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}

function actionOf(key: string, store: PageStore, help: { toggle(): void }): (() => void) | undefined {
  const view = VIEWS[Number(key) - 1];
  if (view !== undefined) return () => store.update({ view });
  const actions: Readonly<Record<string, () => void>> = {
    '/': () => {
      store.update({ view: 'charts' });
      document.getElementById('tag-filter')?.focus();
    },
    f: () => document.getElementById('run-filter')?.focus(),
    x: () => store.update({ axis: nextAxis(store) }),
    l: () => store.update({ isLog: !store.state.isLog }),
    s: () => store.update({ smooth: SMOOTHER.find((one) => one > store.state.smooth) ?? 0 }),
    S: () => store.update({ smooth: SMOOTHER.findLast((one) => one < store.state.smooth) ?? 0 }),
    t: () => store.update({ theme: nextTheme(store.state.theme) }),
    '?': () => help.toggle(),
  };
  return actions[key];
}

/** The next axis that any of the selected runs knows. */
function nextAxis(store: PageStore): (typeof AXES)[number] {
  const runs = selectedRuns(store.state);
  const known = AXES.filter((axis) => runs.some(({ axes }) => axes.includes(axis)));
  const now = known.indexOf(axisOf(store.state));
  return known[(now + 1) % known.length] ?? axisOf(store.state);
}
