import type { RunAnswer, RunDetailsAnswer } from '../src/view/protocol.js';
import { fetchDetails, fetchSeries } from './api.js';
import type { Curve } from './curves.js';
import { fill, h } from './dom.js';
import { plural } from './format.js';
import { createMinimap } from './minimap.js';
import { runPicker } from './run-picker.js';
import { segments } from './segments.js';
import { focusedRun, type PageState, type PageStore } from './state.js';
import {
  firstRange,
  loadTwoAxes,
  type MicroRange,
  MOST_WINDOWS,
  recordedAccumulated,
  type TwoAxes,
} from './two-axes-data.js';
import { drawScene } from './two-axes-scene.js';
import { emptyText, lastMicroStep, legend, sentenceOf, sourceLine, windowText } from './two-axes-words.js';
import type { ViewElement } from './view-element.js';

const MAP_PIXELS = 400;

/** One run's loss as W&B shows it and as TensorBoard shows it, and which micro-batches made which optimizer step. */
export function createTwoAxesView(store: PageStore): ViewElement {
  let run: RunAnswer | undefined;
  let tags: readonly string[] = [];
  let range: MicroRange | undefined;
  /** Whether the range is all of the run, which may grow. */
  let isWhole = true;
  let isAccumulated = true;
  let isSideBySide = false;
  let isLog = false;
  let data: TwoAxes | undefined;
  let details: RunDetailsAnswer | undefined;
  let map: Curve | undefined;
  let chosen = -1;
  let shownKey = '';
  let loading: AbortController | undefined;

  const picker = runPicker(store);
  const recorded = segments(
    'log_accum_batch',
    [
      ['true', 'true'],
      ['false', 'false'],
    ],
    (value) => {
      isAccumulated = value === 'true';
      chosen = -1;
      void load();
    },
  );
  const layout = segments(
    'Layout',
    [
      ['linked', 'Linked'],
      ['side', 'Side by side'],
    ],
    (value) => {
      isSideBySide = value === 'side';
      draw();
    },
  );
  const log = h('input', {
    type: 'checkbox',
    on: {
      change: () => {
        isLog = log.checked;
        draw();
      },
    },
  });
  const sentence = h('p', { className: 'sentence' });
  const scene = h('div', {
    className: 'scene',
    tabIndex: 0,
    attrs: { role: 'slider', 'aria-label': 'Windows', 'aria-valuenow': 0, 'aria-valuetext': 'no window chosen' },
    on: {
      keydown: onKey,
      pointermove: (event) => choose(indexAt(event), false),
      pointerleave: () => choose(-1, false),
    },
  });
  const caption = h('p', { className: 'caption', attrs: { 'aria-live': 'polite' } });
  const minimap = createMinimap((next) => setRange(next, false));
  const zoom = h(
    'div',
    { className: 'zoom' },
    action('◂ Earlier', () => pan(-0.5)),
    action('+ Closer', () => zoomBy(0.5)),
    action('− Farther', () => zoomBy(2)),
    action('Later ▸', () => pan(0.5)),
    action('Whole run', () => run && setRange({ from: 1, to: lastMicroStep(run) }, true)),
  );
  const sources = h('div', { className: 'sources' });
  const content = h('div', {}, sentence, legend(), scene, caption, minimap.element, zoom, sources);
  const empty = h('p', { className: 'empty' });
  const element = h(
    'section',
    { className: 'view', attrs: { 'aria-label': 'Two axes' } },
    h(
      'div',
      { className: 'toolbar' },
      picker.element,
      recorded.element,
      layout.element,
      h('label', { className: 'field' }, log, 'Log scale'),
    ),
    empty,
    content,
  );
  new ResizeObserver(() => draw()).observe(scene);

  function action(text: string, onClick: () => void): HTMLButtonElement {
    return h('button', { type: 'button', className: 'quiet', on: { click: onClick } }, text);
  }

  function setRange(next: MicroRange, whole: boolean): void {
    if (run === undefined) return;
    const last = lastMicroStep(run);
    const from = Math.max(1, Math.min(last, Math.round(next.from)));
    range = { from, to: Math.max(from, Math.min(last, Math.round(next.to))) };
    isWhole = whole;
    chosen = -1;
    minimap.show(run, map, range);
    void load();
  }

  function pan(share: number): void {
    if (run === undefined || range === undefined) return;
    const last = lastMicroStep(run);
    const shift = Math.max(1 - range.from, Math.min(last - range.to, Math.round((range.to - range.from + 1) * share)));
    setRange({ from: range.from + shift, to: range.to + shift }, false);
  }

  function zoomBy(factor: number): void {
    if (run === undefined || range === undefined) return;
    const window = data?.windows.windows[chosen];
    const middle =
      window === undefined ? (range.from + range.to) / 2 : (window.firstMicroStep + window.lastMicroStep) / 2;
    const half = Math.max(1, ((range.to - range.from) * factor) / 2);
    const isAll = half * 2 >= lastMicroStep(run) - 1;
    setRange({ from: middle - half, to: middle + half }, isAll);
  }

  function onKey(event: KeyboardEvent): void {
    const most = (data?.windows.windows.length ?? 0) - 1;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => choose(Math.max(0, chosen - 1), true),
      ArrowRight: () => choose(Math.min(most, chosen + 1), true),
      Home: () => choose(0, true),
      End: () => choose(most, true),
      PageUp: () => pan(-0.5),
      PageDown: () => pan(0.5),
      '+': () => zoomBy(0.5),
      '-': () => zoomBy(2),
      0: () => run && setRange({ from: 1, to: lastMicroStep(run) }, true),
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  function indexAt(event: PointerEvent): number {
    const group = (event.target as Element).closest?.('g.window');
    return group === null || group === undefined ? -1 : Number((group as SVGElement).dataset.index);
  }

  function choose(index: number, isKey: boolean): void {
    if (index === chosen && !isKey) return;
    chosen = index;
    for (const group of scene.querySelectorAll('g.chosen')) group.classList.remove('chosen');
    scene.querySelector(`g.window[data-index="${index}"]`)?.classList.add('chosen');
    const window = data?.windows.windows[index];
    fill(caption, window === undefined ? idleCaption() : windowText(window, isAccumulated));
    scene.setAttribute('aria-valuenow', String(window?.step ?? 0));
    scene.setAttribute('aria-valuetext', caption.textContent ?? '');
  }

  function idleCaption(): string {
    const { count: windows = 0 } = data?.windows ?? {};
    if (windows > MOST_WINDOWS)
      return `${plural(windows, 'window')} in this part: too many to tell apart. Come closer to see them.`;
    return windows > 0 ? 'Point at a window, or use the arrow keys, to read it.' : '';
  }

  function draw(): void {
    if (data === undefined || range === undefined || scene.clientWidth === 0) return;
    fill(scene, drawScene({ data, range, isAccumulated, isLog, isSideBySide, width: scene.clientWidth }));
    choose(chosen, true);
  }

  async function load(): Promise<void> {
    if (run === undefined || range === undefined) return;
    loading?.abort();
    loading = new AbortController();
    const asked = { run, range };
    try {
      const pixels = Math.max(300, scene.clientWidth - 80);
      const found = await loadTwoAxes(run, tags, isAccumulated, range, pixels, loading.signal);
      if (asked.run.key !== run.key || asked.range !== range) return;
      data = found;
      fill(sentence, sentenceOf(run, data, isAccumulated));
      draw();
    } catch (error) {
      if ((error as Error).name !== 'AbortError') fill(caption, `can't be loaded: ${(error as Error).message}`);
    }
  }

  async function loadRun(next: RunAnswer): Promise<void> {
    const lossTag = [recordedAccumulated(next) ? 'train/micro_loss' : 'train/loss', 'train/loss']
      .map((tag) => tags.indexOf(tag))
      .find((tag) => next.tags.includes(tag));
    const [series, found] = await Promise.all([
      lossTag === undefined
        ? undefined
        : fetchSeries({ runs: [next.key], tag: lossTag, axis: 'microStep', pixels: MAP_PIXELS }),
      fetchDetails(next.key),
    ]);
    if (run?.key !== next.key) return;
    map = series?.curves[0];
    details = found;
    fill(sources, ...details.sources.map((source) => sourceLine(source, details!.sources[0]!.kind)));
    if (range !== undefined) minimap.show(next, map, range);
  }

  return {
    element,
    show(state: PageState) {
      picker.show(state);
      const next = focusedRun(state);
      tags = state.answer?.tags ?? [];
      const canShow = next?.axes.includes('microStep') === true;
      content.hidden = !canShow;
      empty.hidden = canShow;
      empty.textContent = emptyText(next);
      if (!canShow || next === undefined) return;
      const isOther = next.key !== run?.key;
      const key = `${next.key} ${next.version} ${state.theme}`;
      if (key === shownKey) return;
      shownKey = key;
      run = next;
      if (isOther) {
        isAccumulated = recordedAccumulated(next);
        recorded.mark(String(isAccumulated), 'as logged');
        recorded.choose(String(isAccumulated));
        [data, map, details, chosen] = [undefined, undefined, undefined, -1];
        fill(scene);
        const windows = next.last.step ?? 0;
        range = firstRange(next, windows);
        isWhole = range.to === lastMicroStep(next);
      } else if (isWhole) {
        range = { from: 1, to: lastMicroStep(next) };
      }
      void load();
      void loadRun(next).catch(() => {});
    },
  };
}
