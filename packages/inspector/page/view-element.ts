import type { PageState } from './state.js';

/** A part of the page that shows the state. */
export interface ViewElement {
  readonly element: HTMLElement;
  show(state: PageState): void;
}
