type Child = Node | string | number | null | undefined | false | readonly Child[];

type Props<K extends keyof HTMLElementTagNameMap> = Partial<Omit<HTMLElementTagNameMap[K], 'style' | 'dataset'>> & {
  /** Attributes that are no properties, `aria-…` and `data-…` among them; undefined leaves one out. */
  attrs?: Readonly<Record<string, string | number | boolean | undefined>>;
  on?: Readonly<Partial<{ [E in keyof HTMLElementEventMap]: (event: HTMLElementEventMap[E]) => void }>>;
};

/** Makes an element. Text is text wherever it comes from: nothing here reads markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  props: Props<K> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const { attrs = {}, on = {}, ...own } = props;
  const element = document.createElement(name);
  Object.assign(element, own);
  setAttributes(element, attrs);
  for (const [type, listener] of Object.entries(on)) element.addEventListener(type, listener as EventListener);
  append(element, children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an SVG element. */
export function s<K extends keyof SVGElementTagNameMap>(
  name: K,
  attrs: Readonly<Record<string, string | number | boolean | undefined>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, name);
  setAttributes(element, attrs);
  append(element, children);
  return element;
}

/** Puts other children into an element. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren();
  append(element, children);
}

function setAttributes(element: Element, attrs: Readonly<Record<string, string | number | boolean | undefined>>): void {
  for (const [name, value] of Object.entries(attrs)) if (value !== undefined) element.setAttribute(name, String(value));
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child as Node | string);
  }
}
