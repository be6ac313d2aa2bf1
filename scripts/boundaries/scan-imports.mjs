const COMMENT_OR_STRING = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
const STATEMENT = /^\s*(?:import|export)\b(?:[^";=()]*?\bfrom)?\s*"(\d+)"/gm;
const CALL = /\b(?:import|require|require\.resolve)\(\s*"(\d+)"\s*[,)]/g;

/**
 * What a TypeScript or JavaScript source imports: static, dynamic, re-exported, required, and types alike, each as
 * `{ specifier, line }`. A dynamic import of anything but a literal is not seen.
 */
export function scanImports(source) {
  // Each string gives way to its number, so that what only looks like an import inside one is not taken for it.
  const strings = [];
  const code = source.replace(COMMENT_OR_STRING, (text, at) => {
    if (text.startsWith('/')) return ' ';
    strings.push({ specifier: text.slice(1, -1), at });
    return `"${strings.length - 1}"`;
  });
  return [STATEMENT, CALL]
    .flatMap((pattern) => [...code.matchAll(pattern)].map(([, number]) => strings[number]))
    .sort((a, b) => a.at - b.at)
    .map(({ specifier, at }) => ({ specifier, line: source.slice(0, at).split('\n').length }));
}
