import { type ChartCard, type ChartContext, createChartCard } from './chart-card.js';
import { fill, h } from './dom.js';
import { plural } from './format.js';
import type { PageStore } from './state.js';
import { axisOf, type PageState, selectedRuns } from './state.js';
import { groupTags } from './tag-groups.js';
import { createToolbar } from './toolbar.js';
import type { ViewElement } from './view-element.js';

/** A heading and its charts. */
interface Section {
  readonly element: HTMLDetailsElement;
  readonly grid: HTMLElement;
  readonly summary: HTMLElement;
}

/** The charts view: a chart for each tag of the selected runs, in groups. */
export interface ChartsView extends ViewElement {
  card(tag: string): ChartCard | undefined;
  highlight(run: number | undefined): void;
}

/** How far beyond the window charts are drawn already. */
const AHEAD = '300px';

export function createChartsView(store: PageStore): ChartsView {
  const cards = new Map<string, ChartCard>();
  const sections = new Map<string, Section>();
  const byElement = new WeakMap<Element, ChartCard>();
  const body = h('div', { className: 'sections' });
  const empty = h('p', { className: 'empty', hidden: true });
  const toolbar = createToolbar(store);
  const element = h('section', { className: 'view', attrs: { 'aria-label': 'Charts' } }, toolbar.element, empty, body);

  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) byElement.get(target)?.setVisible(isIntersecting);
    },
    { rootMargin: AHEAD },
  );

  function sectionOf(name: string): Section {
    let section = sections.get(name);
    if (section === undefined) {
      const grid = h('div', { className: 'grid' });
      const summary = h('summary', {});
      section = { element: h('details', { open: true }, summary, grid), grid, summary };
      sections.set(name, section);
    }
    return section;
  }

  function cardOf(tag: string, number: number): ChartCard {
    let card = cards.get(tag);
    if (card === undefined) {
      card = createChartCard(tag, number);
      cards.set(tag, card);
      byElement.set(card.element, card);
      seen.observe(card.element);
    }
    return card;
  }

  function layOut(tags: readonly string[], numbers: ReadonlyMap<string, number>): void {
    const groups = groupTags(tags);
    const wanted = new Set(tags);
    for (const [tag, card] of cards) {
      if (wanted.has(tag)) continue;
      seen.unobserve(card.element);
      card.destroy();
      cards.delete(tag);
    }
    for (const { name, tags: members } of groups) {
      const { grid, summary } = sectionOf(name);
      fill(summary, h('h2', {}, name), h('span', { className: 'soft' }, plural(members.length, 'chart')));
      place(
        grid,
        members.map((tag) => cardOf(tag, numbers.get(tag)!).element),
      );
    }
    place(
      body,
      groups.map(({ name }) => sectionOf(name).element),
    );
  }

  return {
    element,
    card: (tag) => cards.get(tag),
    highlight(run) {
      for (const card of cards.values()) card.highlight(run);
    },
    show(state) {
      toolbar.show(state);
      const runs = selectedRuns(state);
      const all = state.answer?.tags ?? [];
      const numbers = new Map(runs.flatMap(({ tags }) => tags).map((number) => [all[number]!, number]));
      const tags = [...numbers.keys()].filter(tagMatcher(state.tagFilter));
      layOut(tags, numbers);
      const context: ChartContext = {
        runs,
        axis: axisOf(state),
        smooth: state.smooth,
        isLog: state.isLog,
        theme: getComputedStyle(document.body).color,
      };
      for (const card of cards.values()) card.show(context);
      empty.textContent = emptyText(state, runs.length, numbers.size);
      empty.hidden = tags.length > 0;
    },
  };
}

/** Puts the children in order, without touching those that are in their place. */
function place(parent: HTMLElement, children: readonly HTMLElement[]): void {
  for (const child of [...parent.children]) if (!children.includes(child as HTMLElement)) child.remove();
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}

/** A filter is a regular expression where it is one, and text to be found otherwise. */
export function tagMatcher(filter: string): (tag: string) => boolean {
  const text = filter.trim();
  if (text === '') return () => true;
  try {
    const pattern = new RegExp(text, 'i');
    return (tag) => pattern.test(tag);
  } catch {
    return (tag) => tag.toLowerCase().includes(text.toLowerCase());
  }
}

function emptyText({ answer, tagFilter }: PageState, runs: number, tags: number): string {
  if (answer === undefined || (!answer.isLoaded && tags === 0)) return 'Reading the runs…';
  if (answer.runs.length === 0) {
    return `No runs at or below ${answer.root}: neither event files, W&B logs nor journals. This page shows them as soon as there are some.`;
  }
  if (runs === 0) return 'No run is selected: tick some in the list.';
  return tags === 0 ? 'The selected runs have logged no numbers yet.' : `No tag matches ${JSON.stringify(tagFilter)}.`;
}
