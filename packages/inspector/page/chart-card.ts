import type { Axis, RunAnswer } from '../src/view/protocol.js';
import { fetchSeries } from './api.js';
import { AXIS_NAMES } from './axes.js';
import { type Chart, type ChartCursor, createChart } from './chart.js';
import { pointsWithin, type Span } from './chart-scales.js';
import { readingsAt, readingsText, swatch, tooltip } from './chart-tooltip.js';
import { type Curve, spanOf } from './curves.js';
import { fill, h } from './dom.js';
import { count, onAxis, plural, short } from './format.js';
import { aboutTag, isSteppedTag, splitTag } from './tag-groups.js';

/** What all charts have in common. */
export interface ChartContext {
  readonly runs: readonly RunAnswer[];
  readonly axis: Axis;
  readonly smooth: number;
  readonly isLog: boolean;
  /** Changes with the page's colours. */
  readonly theme: string;
}

/** A chart of one tag with its title and what can be done with it. */
export interface ChartCard {
  readonly element: HTMLElement;
  readonly tag: string;
  /** What is drawn. */
  readonly curves: readonly Curve[];
  show(context: ChartContext): void;
  /** Only what is seen is fetched and drawn. */
  setVisible(isVisible: boolean): void;
  highlight(run: number | undefined): void;
  destroy(): void;
}

const STEP_PIXELS = 8;

/** `number` is the tag's, as the server counts. */
export function createChartCard(tag: string, number: number): ChartCard {
  let context: ChartContext | undefined;
  let curves: readonly Curve[] = [];
  /** Other than the page's where no run of the tag knows that one. */
  let axis: Axis = 'logged';
  let chart: Chart | undefined;
  let zoom: Span | undefined;
  let isVisible = false;
  let isTable = false;
  let drawnKey = '';
  let askedKey = '';
  let fetching: AbortController | undefined;

  const [prefix, name] = splitTag(tag);
  const note = h('p', { className: 'note', hidden: true });
  const table = h('div', { className: 'values', hidden: true });
  const tip = h('div', { className: 'tip' });
  const reset = button('Show all', () => setZoom(undefined));
  reset.classList.add('reset');
  const expand = button('Enlarge', () => {
    const isLarge = element.classList.toggle('large');
    expand.setAttribute('aria-pressed', String(isLarge));
  });
  const values = button('Values', () => {
    isTable = !isTable;
    values.setAttribute('aria-pressed', String(isTable));
    table.hidden = !isTable;
    showTable();
  });
  for (const one of [expand, values]) one.setAttribute('aria-pressed', 'false');
  reset.hidden = true;
  const plot = h('div', {
    className: 'plot',
    tabIndex: 0,
    attrs: {
      role: 'slider',
      'aria-label': `${tag}, chart`,
      'aria-valuenow': 0,
      'aria-valuetext': 'nothing loaded yet',
    },
    on: { keydown: onKey, blur: () => onCursor(undefined) },
  });
  const element = h(
    'article',
    { className: 'card', attrs: { 'data-tag': tag } },
    h(
      'header',
      {},
      h('h3', { title: tag }, h('span', { className: 'soft' }, prefix), name),
      h('p', { className: 'about' }, aboutTag(tag)),
      h('div', { className: 'tools' }, reset, values, expand),
    ),
    h('div', { className: 'frame' }, plot, tip),
    note,
    table,
  );

  function button(text: string, onClick: () => void): HTMLButtonElement {
    return h('button', { type: 'button', className: 'quiet', on: { click: onClick } }, text);
  }

  const nameOf = (key: number) => context?.runs.find((run) => run.key === key)?.name ?? '';

  function setZoom(next: Span | undefined): void {
    zoom = next;
    reset.hidden = next === undefined;
    if (curves.length > 0) draw();
    refresh();
  }

  function onCursor(cursor: ChartCursor | undefined): void {
    if (cursor === undefined || context === undefined) {
      fill(tip);
      chart?.highlight(undefined);
      return;
    }
    const span = zoom ?? spanOf(curves.map(({ xs }) => xs)) ?? { min: 0, max: 1 };
    const readings = readingsAt(curves, cursor.x, span.max - span.min);
    const shown = tooltip(readings, cursor, axis, nameOf);
    tip.style.left = `${plot.clientWidth - cursor.width - 10}px`;
    tip.style.width = `${cursor.width}px`;
    fill(tip, readings.length > 0 && shown.element);
    chart?.highlight(context.runs.length > 1 ? shown.nearest : undefined);
    plot.setAttribute('aria-valuetext', readingsText(readings, axis, nameOf));
    plot.setAttribute('aria-valuenow', String(readings[0]?.x ?? cursor.x));
  }

  function onKey(event: KeyboardEvent): void {
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => chart?.moveCursor(-STEP_PIXELS),
      ArrowRight: () => chart?.moveCursor(STEP_PIXELS),
      Home: () => chart?.moveCursor(Number.NEGATIVE_INFINITY),
      End: () => chart?.moveCursor(Number.POSITIVE_INFINITY),
      '+': () => chart?.zoomBy(0.5),
      '-': () => chart?.zoomBy(2),
      0: () => setZoom(undefined),
      Escape: () => setZoom(undefined),
      Enter: () => expand.click(),
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  function draw(): void {
    if (context === undefined || !isVisible) return;
    chart ??= createChart(plot, { onCursor, onZoom: setZoom });
    chart.draw({ curves, axis, isLog: context.isLog, isStepped: isSteppedTag(tag), zoom });
  }

  function refresh(): void {
    if (context === undefined || !isVisible) return;
    const { runs } = context;
    // A size that was chosen is what it was: there is nothing to smooth.
    const smooth = isSteppedTag(tag) ? 0 : context.smooth;
    const asked = {
      runs: runs.map(({ key }) => key),
      tag: number,
      axis: context.axis,
      smooth,
      pixels: Math.max(200, plot.clientWidth - 60),
      ...(zoom === undefined ? {} : { from: zoom.min, to: zoom.max }),
    };
    const key = JSON.stringify([asked, runs.map(({ version }) => version)]);
    // What is on its way comes after what is drawn: it is given up where that is wanted again.
    if (key === (askedKey || drawnKey)) return;
    askedKey = key;
    fetching?.abort();
    const mine = new AbortController();
    fetching = mine;
    fetchSeries(asked, mine.signal)
      .then((found) => {
        ({ curves, axis } = found);
        drawnKey = key;
        element.dataset.loaded = 'true';
        draw();
        showNote();
        showTable();
        sayWhatIsDrawn();
      })
      .catch((error: Error) => {
        if (error.name !== 'AbortError') showText(`can't be loaded: ${error.message}`);
      })
      .finally(() => {
        if (askedKey === key) askedKey = '';
      });
  }

  function showText(text: string): void {
    note.textContent = text;
    note.hidden = text === '';
  }

  function showNote(): void {
    const { axis: wanted, isLog } = context!;
    const raw = curves.filter(({ kind }) => kind === 'raw');
    const lacking = raw.filter(({ status }) => status === 'no-axis').length;
    const leftOut = raw.reduce((sum, curve) => sum + curve.leftOut, 0);
    const hidden = isLog ? raw.reduce((sum, { ys }) => sum + ys.filter((y) => y <= 0).length, 0) : 0;
    const { label } = AXIS_NAMES[axis];
    showText(
      [
        axis === wanted ? '' : `drawn on the ${label}: not logged with ${AXIS_NAMES[wanted].label}`,
        lacking > 0 ? `${plural(lacking, 'run')} can't be drawn on ${label}: not logged with it` : '',
        leftOut > 0 ? `${plural(leftOut, 'point')} without ${label}` : '',
        hidden > 0 ? `values of 0 and below are not on a log scale` : '',
        raw.every(({ status }) => status === 'loading') && raw.length > 0 ? 'still being read' : '',
      ]
        .filter((text) => text !== '')
        .join('; '),
    );
  }

  function showTable(): void {
    if (!isTable) return;
    const rows = curves
      .filter(({ kind, status }) => kind === 'raw' && status === 'drawn')
      .map((curve) => {
        const { run, total, source } = curve;
        const { xs, ys } = zoom === undefined ? curve : pointsWithin(curve, zoom);
        const span = spanOf([ys]);
        return h(
          'tr',
          {},
          h('th', { attrs: { scope: 'row' } }, swatch(run), nameOf(run)),
          h('td', {}, short(ys.at(-1) ?? Number.NaN)),
          h('td', {}, onAxis(axis, xs.at(-1) ?? Number.NaN)),
          h('td', {}, short(span?.min ?? Number.NaN)),
          h('td', {}, short(span?.max ?? Number.NaN)),
          h('td', {}, count(total)),
          h('td', {}, source ?? ''),
        );
      });
    const heads = ['run', 'last', AXIS_NAMES[axis].label, 'lowest', 'highest', 'points', 'from'];
    const head = heads.map((text) => h('th', { attrs: { scope: 'col' } }, text));
    fill(table, h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows)));
  }

  function sayWhatIsDrawn(): void {
    const drawn = curves.filter(({ kind, sent }) => kind === 'raw' && sent > 0);
    const last = drawn.slice(0, 5).map(({ run, ys }) => `${nameOf(run)} ends at ${short(ys.at(-1)!)}`);
    plot.setAttribute('aria-valuetext', `${plural(drawn.length, 'curve')}. ${last.join(', ')}`);
    const span = spanOf(drawn.map(({ xs }) => xs));
    if (span === undefined) return;
    plot.setAttribute('aria-valuemin', String(span.min));
    plot.setAttribute('aria-valuemax', String(span.max));
    plot.setAttribute('aria-valuenow', String(span.max));
  }

  return {
    element,
    tag,
    get curves() {
      return curves;
    },
    show(next) {
      const isOtherAxis = context !== undefined && context.axis !== next.axis;
      const looksOther = context?.isLog !== next.isLog || context.theme !== next.theme;
      context = next;
      if (isOtherAxis) {
        // What is drawn stands on the old axis.
        [curves, drawnKey, zoom] = [[], '', undefined];
        reset.hidden = true;
      } else if (looksOther && curves.length > 0) {
        draw();
        showNote();
      }
      refresh();
    },
    setVisible(next) {
      if (isVisible === next) return;
      isVisible = next;
      if (isVisible && curves.length > 0) draw();
      refresh();
    },
    highlight: (run) => chart?.highlight(run),
    destroy() {
      fetching?.abort();
      chart?.destroy();
      element.remove();
    },
  };
}
