import { AXES, type Axis } from '../src/view/protocol.js';
import { type PageState, VIEWS, type View } from './state.js';

/** What of the state stands behind the `#` of the address, so that a reload shows the same. */
export function writeHash(state: PageState, isChosen: boolean): string {
  const values = new URLSearchParams();
  if (state.axis !== undefined) values.set('x', state.axis);
  if (state.smooth > 0) values.set('smooth', String(state.smooth));
  if (state.isLog) values.set('log', '1');
  if (state.tagFilter !== '') values.set('tags', state.tagFilter);
  if (isChosen) values.set('runs', [...state.selected].join('.'));
  if (state.focus !== undefined) values.set('run', String(state.focus));
  const query = values.toString();
  return `#${state.view}${query === '' ? '' : `?${query}`}`;
}

/** Undefined for what the address does not say. */
export function readHash(hash: string): Partial<PageState> {
  const [view = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const values = new URLSearchParams(query);
  const axis = values.get('x') as Axis;
  const smooth = Number(values.get('smooth'));
  const runs = values.get('runs');
  const focus = values.get('run');
  return {
    ...(VIEWS.includes(view as View) ? { view: view as View } : {}),
    ...(AXES.includes(axis) ? { axis } : {}),
    ...(smooth > 0 && smooth < 1 ? { smooth } : {}),
    ...(values.get('log') === '1' ? { isLog: true } : {}),
    ...(values.has('tags') ? { tagFilter: values.get('tags')! } : {}),
    ...(runs === null ? {} : { selected: new Set(runs === '' ? [] : runs.split('.').map(Number)) }),
    ...(focus === null ? {} : { focus: Number(focus) }),
  };
}
