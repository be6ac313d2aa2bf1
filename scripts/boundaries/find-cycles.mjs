/** The import cycles of a graph (file → files), each once, as the list of its files in order. */
export function findCycles(graph) {
  const cycles = [];
  const state = new Map();
  const path = [];
  const visit = (file) => {
    state.set(file, 'on the path');
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      if (state.get(next) === 'on the path') cycles.push(path.slice(path.indexOf(next)));
      else if (!state.has(next)) visit(next);
    }
    path.pop();
    state.set(file, 'done');
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file);
  return cycles;
}
