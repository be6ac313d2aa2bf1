import { type JsonValue, parseValueJson, valueJsonText } from '../log/value-json.js';

/** An object whose leaves are JSON text as the log holds it: nothing is parsed, so every digit, NaN and ±Infinity stay. */
export type JsonTree = Map<string, string | JsonTree>;

/** An item of a history, summary, config or stats record. */
export interface LogItem {
  readonly key?: string;
  readonly nestedKey?: readonly string[];
  readonly valueJson?: string;
}

/** Where an item's value belongs: one element for a flat key. */
export function itemPath({ key = '', nestedKey = [] }: LogItem): readonly string[] {
  return nestedKey.length > 0 ? nestedKey : [key];
}

/** Puts each item's value at its path. */
export function putItems(tree: JsonTree, items: readonly LogItem[]): void {
  for (const item of items) putText(tree, itemPath(item), item.valueJson || 'null');
}

/** Applies the update and remove items of a config or summary record. */
export function updateTree(tree: JsonTree, change: unknown): void {
  const { update = [], remove = [] } = (change ?? {}) as { update?: LogItem[]; remove?: LogItem[] };
  putItems(tree, update);
  for (const item of remove) {
    const path = itemPath(item);
    parentOf(tree, path).delete(path.at(-1)!);
  }
}

/**
 * Applies a record of a config as the official client does (wandb:core/internal/runconfig, ApplyChangeRecord): an object adds
 * to the fields that are there.
 */
export function mergeTree(tree: JsonTree, change: unknown): void {
  const { update = [], remove = [] } = (change ?? {}) as { update?: LogItem[]; remove?: LogItem[] };
  for (const item of update) mergeText(tree, itemPath(item), item.valueJson || 'null');
  updateTree(tree, { remove });
}

function mergeText(tree: JsonTree, path: readonly string[], text: string): void {
  if (text.trimStart().startsWith('{')) {
    for (const [name, value] of fieldsOf(text)) mergeText(tree, [...path, name], value);
  } else {
    putText(tree, path, text);
  }
}

/** Puts JSON text at a path, in place of what was there. */
export function putText(tree: JsonTree, path: readonly string[], text: string): void {
  // A line break would end the line of the file that the text goes into.
  const line = /[\n\r]/.test(text) ? valueJsonText(parseValueJson(text) as JsonValue) : text;
  parentOf(tree, path).set(path.at(-1)!, line);
}

/** The object as JSON text. */
export function treeText(tree: JsonTree): string {
  let text = '{';
  for (const [key, value] of tree) {
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(key)}:${typeof value === 'string' ? value : treeText(value)}`;
  }
  return `${text}}`;
}

function parentOf(tree: JsonTree, path: readonly string[]): JsonTree {
  let parent = tree;
  for (const name of path.slice(0, -1)) {
    let child = parent.get(name);
    if (typeof child !== 'object') {
      child = opened(child);
      parent.set(name, child);
    }
    parent = child;
  }
  return parent;
}

/** The tree of a leaf that a longer path goes through: its own fields where it is an object. */
function opened(text: string | undefined): JsonTree {
  return new Map(text?.startsWith('{') ? fieldsOf(text) : []);
}

const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g;

/** The fields of an object's JSON text, their values as they stand there. */
function fieldsOf(text: string): [name: string, value: string][] {
  const fields: [string, string][] = [];
  let name: string | undefined;
  let value = '';
  let depth = 0;
  for (const [token] of text.matchAll(TOKENS)) {
    if (depth === 1 && name === undefined && token.startsWith('"')) {
      name = JSON.parse(token) as string;
      continue;
    }
    if (depth === 1 && name !== undefined && (token === ',' || token === '}')) {
      fields.push([name, value.slice(1)]);
      name = undefined;
      value = '';
    }
    if (token === '}' || token === ']') depth--;
    if (name !== undefined) value += token;
    if (token === '{' || token === '[') depth++;
  }
  return fields;
}
