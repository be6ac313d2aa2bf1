import { h } from './dom.js';

/** One of a few, side by side. */
export interface Segments {
  readonly element: HTMLElement;
  choose(value: string): void;
  /** Puts a word behind one of them, and behind no other. */
  mark(value: string, word: string): void;
}

let groups = 0;

export function segments(
  label: string,
  choices: readonly (readonly [value: string, text: string])[],
  onChoice: (value: string) => void,
): Segments {
  const name = `segments-${groups++}`;
  const parts = choices.map(([value, text]) => {
    const radio = h('input', { type: 'radio', name, value, on: { change: () => onChoice(value) } });
    const words = h('span', {}, text);
    return { value, text, radio, words, element: h('label', {}, radio, words) };
  });
  parts[0]!.radio.checked = true;
  return {
    element: h(
      'fieldset',
      { className: 'segments labelled' },
      h('legend', {}, label),
      ...parts.map(({ element }) => element),
    ),
    choose(value) {
      for (const part of parts) part.radio.checked = part.value === value;
    },
    mark(value, word) {
      for (const part of parts) part.words.textContent = part.value === value ? `${part.text} · ${word}` : part.text;
    },
  };
}
