/** Ten colours that stay apart for most eyes; the page's style says them, once for light and once for dark. */
const COLORS = 10;

/** The custom property of a run's colour: the same for a run as long as the page lives. */
export function colorName(key: number): string {
  return `--run-${key % COLORS}`;
}

/** Where colours come again, lines are dashed. */
export function dashOf(key: number): readonly number[] {
  return [[], [7, 3], [2, 3], [8, 3, 2, 3]][Math.floor(key / COLORS) % 4]!;
}

let styles: CSSStyleDeclaration | undefined;

/** A custom property's value, as a canvas needs it. */
export function cssColor(name: string): string {
  styles ??= getComputedStyle(document.documentElement);
  return styles.getPropertyValue(name).trim();
}
