import type { Theme } from './state.js';

const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];
const KEY = 'microbatch-theme';

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
}

/** What was chosen the last time. */
export function savedTheme(): Theme {
  const saved = localStorage.getItem(KEY) as Theme;
  return THEMES.includes(saved) ? saved : 'auto';
}

/** Shows the page in a theme, and keeps it for the next time. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  localStorage.setItem(KEY, theme);
}

/** Calls `onChange` when the system goes from light to dark, or back. */
export function listenToSystem(onChange: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
}
