import type { MediaAnswer, MediaEntryAnswer, MediaKind } from '../src/view/protocol.js';
import { fetchMediaEntries, fetchMediaValue, pictureUrl } from './api.js';
import { fill, h } from './dom.js';
import { count, short } from './format.js';
import { type Distribution, drawRidges } from './ridges.js';
import { splitTag } from './tag-groups.js';

/** A tag's values, one at a time, or a distribution over time. */
export interface MediaCard {
  readonly element: HTMLElement;
  /** Fetches what there is, once. */
  load(): void;
  /** Says how many values there are by now. */
  setCount(count: number): void;
}

const MOST_RIDGES = 28;

export function createMediaCard(run: number, tag: number, name: string, kind: MediaKind): MediaCard {
  let entries: readonly MediaEntryAnswer[] = [];
  let known = 0;
  let isLoaded = false;
  let isLoading = false;
  let shown = -1;
  let wanted = 0;
  const [prefix, rest] = splitTag(name);
  const where = h('output', { className: 'number' });
  const slider = h('input', {
    type: 'range',
    min: '0',
    attrs: { 'aria-label': `${name}: which value` },
    on: { input: () => void showEntry(Number(slider.value)) },
  });
  const content = h('div', { className: 'content' }, h('p', { className: 'note' }, 'being read'));
  const element = h(
    'article',
    { className: `card media ${kind}`, attrs: { 'data-tag': name } },
    h('header', {}, h('h3', { title: name }, h('span', { className: 'soft' }, prefix), rest)),
    content,
    h('div', { className: 'steps' }, slider, where),
  );

  async function load(): Promise<void> {
    if (!element.isConnected) return;
    known = wanted;
    entries = await fetchMediaEntries(run, tag);
    const isAtEnd = shown < 0 || shown === Number(slider.max);
    slider.max = String(entries.length - 1);
    slider.disabled = entries.length < 2;
    if (kind === 'histogram') await showRidges();
    if (entries.length > 0) await showEntry(isAtEnd ? entries.length - 1 : shown);
  }

  /** One load after the other: a run that is being written has more whenever one ends. */
  function tryToLoad(): void {
    if (isLoading) return;
    isLoading = true;
    load()
      .catch((error: Error) => fill(content, h('p', { className: 'note' }, `can't be loaded: ${error.message}`)))
      .finally(() => {
        isLoading = false;
        if (wanted !== known && element.isConnected) tryToLoad();
      });
  }

  async function showRidges(): Promise<void> {
    const chosen = evenly(entries, MOST_RIDGES);
    const ridges: Distribution[] = [];
    for (const entry of chosen) {
      const value = await fetchMediaValue(run, tag, entry.index).catch(() => undefined);
      if (value?.kind === 'histogram' && value.counts.length > 0)
        ridges.push({ ...value, label: labelOf(entry), index: entry.index });
    }
    fill(content, drawRidges(ridges, name));
  }

  async function showEntry(place: number): Promise<void> {
    const entry = entries[place];
    if (entry === undefined) return;
    shown = place;
    slider.value = String(place);
    const text = `${labelOf(entry)} · ${count(place + 1)} of ${count(entries.length)}`;
    where.textContent = text;
    slider.setAttribute('aria-valuetext', text);
    if (kind === 'histogram') {
      for (const ridge of content.querySelectorAll<SVGElement>('[data-index]')) {
        ridge.classList.toggle('chosen', Number(ridge.dataset.index) === nearestRidge(content, entry.index));
      }
      return;
    }
    const value = await fetchMediaValue(run, tag, entry.index).catch(() => undefined);
    if (shown === place)
      fill(content, value === undefined ? 'it is no longer in its file' : valueElement(value, entry.index));
  }

  function valueElement(value: MediaAnswer, index: number): HTMLElement {
    switch (value.kind) {
      case 'image':
        return h(
          'div',
          { className: 'pictures' },
          ...Array.from({ length: value.count }, (_, picture) => {
            const caption = value.captions[picture] ?? '';
            const alt = caption || `${name}, picture ${picture + 1}`;
            const image = h('img', { src: pictureUrl(run, tag, index, picture), alt, loading: 'lazy' });
            return h('figure', {}, image, caption && h('figcaption', {}, caption));
          }),
        );
      case 'text':
        return h('div', {}, ...value.texts.map((text) => h('pre', { tabIndex: 0 }, text)));
      case 'table':
        return tableElement(value);
      case 'histogram':
        return h('p', {});
    }
  }

  return {
    element,
    load() {
      if (isLoaded) return;
      isLoaded = true;
      tryToLoad();
    },
    setCount(next) {
      wanted = next;
      if (isLoaded && next !== known) tryToLoad();
    },
  };
}

function nearestRidge(content: HTMLElement, index: number): number {
  const indices = [...content.querySelectorAll<SVGElement>('[data-index]')].map((one) => Number(one.dataset.index));
  return indices.reduce((best, one) => (Math.abs(one - index) < Math.abs(best - index) ? one : best), indices[0] ?? -1);
}

function labelOf({ clocks: { microStep, logged } }: MediaEntryAnswer): string {
  if (microStep !== undefined) return `micro-batch ${count(microStep)}`;
  return logged === undefined ? '' : `step ${count(logged)}`;
}

function tableElement({ columns, rows }: MediaAnswer & { kind: 'table' }): HTMLElement {
  const cell = (value: number | string | boolean | null) =>
    typeof value === 'number'
      ? h('td', { className: 'number' }, short(value))
      : h('td', {}, value === null ? '' : String(value));
  return h(
    'div',
    { className: 'scroll', tabIndex: 0, attrs: { role: 'region', 'aria-label': 'Table' } },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...columns.map((column) => h('th', { attrs: { scope: 'col' } }, column)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map(cell)))),
    ),
  );
}

function evenly<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}
