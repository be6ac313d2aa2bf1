import type { MediaKind, RunAnswer } from '../src/view/protocol.js';
import { tagMatcher } from './charts-view.js';
import { fill, h } from './dom.js';
import { createMediaCard, type MediaCard } from './media-card.js';
import { runPicker } from './run-picker.js';
import { focusedRun, type PageStore } from './state.js';
import { pausing } from './toolbar.js';
import type { ViewElement } from './view-element.js';

const HEADINGS: readonly (readonly [kind: MediaKind, heading: string])[] = [
  ['histogram', 'Histograms'],
  ['image', 'Images'],
  ['text', 'Text'],
  ['table', 'Tables'],
];

/** The histograms, pictures, texts and tables of one run. */
export function createMediaView(store: PageStore): ViewElement {
  const picker = runPicker(store);
  const filter = h('input', {
    type: 'search',
    placeholder: 'Filter media',
    attrs: { 'aria-label': 'Filter media by tag; a regular expression', spellcheck: false },
    on: { input: pausing(() => show()) },
  });
  const body = h('div', { className: 'sections' });
  const empty = h('p', { className: 'empty' });
  const toolbar = h('div', { className: 'toolbar' }, picker.element, filter);
  const element = h('section', { className: 'view', attrs: { 'aria-label': 'Media' } }, toolbar, empty, body);
  let cards = new Map<string, MediaCard>();
  let shown = '';

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) cards.get((target as HTMLElement).dataset.card ?? '')?.load();
    }
  });

  function show(): void {
    const { state } = store;
    picker.show(state);
    const run = focusedRun(state);
    const tags = state.answer?.tags ?? [];
    const matches = tagMatcher(filter.value);
    const media = (run?.media ?? []).filter(({ tag }) => matches(tags[tag]!));
    empty.hidden = media.length > 0;
    empty.textContent = emptyText(run);
    const look = JSON.stringify([run?.key, media.map(({ tag }) => tag), state.theme]);
    if (look !== shown) {
      shown = look;
      layOut(run, media, tags);
    }
    for (const { tag, count } of media) cards.get(`${tag}`)?.setCount(count);
  }

  function layOut(run: RunAnswer | undefined, media: RunAnswer['media'], tags: readonly string[]): void {
    seen.disconnect();
    cards = new Map();
    const sections = HEADINGS.map(([kind, heading]) => {
      const grid = h('div', { className: `grid ${kind}s` });
      for (const { tag } of media.filter((one) => one.kind === kind)) {
        const card = createMediaCard(run!.key, tag, tags[tag]!, kind);
        card.element.dataset.card = String(tag);
        cards.set(String(tag), card);
        seen.observe(card.element);
        grid.append(card.element);
      }
      return grid.children.length > 0 && h('details', { open: true }, h('summary', {}, h('h2', {}, heading)), grid);
    });
    fill(body, ...sections);
  }

  return { element, show };
}

function emptyText(run: RunAnswer | undefined): string {
  if (run === undefined) return 'No run is there yet.';
  return run.media.length > 0 ? 'No tag matches.' : `${run.name} has logged no histograms, images, texts or tables.`;
}
