import { h } from './dom.js';

const END_CHARACTERS = 9;

/** Names often differ at their end alone: that is never cut off. */
export function bothEnds(name: string): HTMLElement[] {
  const characters = [...name];
  if (characters.length <= 2 * END_CHARACTERS) return [h('span', {}, name)];
  const ends = [characters.slice(0, -END_CHARACTERS), characters.slice(-END_CHARACTERS)];
  return ends.map((part) => h('span', {}, part.join('')));
}
