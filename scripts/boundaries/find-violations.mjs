import { findCycles } from './find-cycles.mjs';
import { resolveImport } from './resolve-import.mjs';
import { isPeerOnly, isTensorflow, mayImport, selfContained, tensorflowPackage } from './rules.mjs';

/** Says, one line each, where a source tree breaks the rules of dependency. */
export function findViolations(tree) {
  const graph = new Map();
  const violations = [...manifestViolations(tree.packages)];
  for (const [file, { owner, imports }] of tree.files) {
    const targets = [];
    graph.set(file, targets);
    for (const { specifier, line } of imports) {
      const target = resolveImport(tree, file, specifier);
      if (target.file !== undefined) targets.push(target.file);
      const problem = problemOf(tree.packages, file, owner, specifier, target);
      if (problem !== null) violations.push(`${file}:${line}: '${specifier}': ${problem}`);
    }
  }
  for (const cycle of findCycles(graph)) violations.push(`import cycle: ${[...cycle, cycle[0]].join(' -> ')}`);
  return violations;
}

function* manifestViolations(packages) {
  for (const [folder, manifest] of packages) {
    if (!folder.startsWith('packages/')) continue;
    if (!Object.hasOwn(mayImport, folder)) {
      yield `${folder}: there is no rule for this package; add it to scripts/boundaries/rules.mjs`;
    }
    for (const name of Object.keys(manifest.dependencies ?? {}).filter(isPeerOnly)) {
      yield `${folder}/package.json: '${name}' must be a peer dependency, not a dependency`;
    }
  }
}

function problemOf(packages, file, owner, specifier, target) {
  if (target.kind === 'builtin') return null;
  if (target.kind === 'relative') return relativeProblem(file, owner, target.path);

  const isPackage = owner.startsWith('packages/');
  const isShipped = isPackage && file.startsWith(`${owner}/src/`);
  if (isShipped && owner !== tensorflowPackage && isTensorflow(target.name)) {
    return `only ${tensorflowPackage} imports TensorFlow.js`;
  }
  if (target.kind === 'ours') {
    if (target.file === undefined) return `${target.name} does not export this`;
    if (isShipped && !mayImport[owner]?.includes(specifier)) {
      return `${owner} may import ${mayImport[owner]?.join(', ') || 'none of our packages'}`;
    }
    // npm links every package of the workspace, and tests may use them all.
    if (!isShipped && owner !== 'examples') return null;
  }
  const { dependencies, peerDependencies } = packages.get(owner);
  const declared = { ...dependencies, ...peerDependencies, ...(isShipped ? {} : packages.get('').devDependencies) };
  return Object.hasOwn(declared, target.name) ? null : `${owner || '.'}/package.json does not declare ${target.name}`;
}

function relativeProblem(file, owner, path) {
  // What stands for a server, or starts a program, in a package's tests does so in those of all packages together, too.
  const isTestHelper = file.startsWith('test/') && /^packages\/[^/]+\/test\//.test(path);
  const staysHome = owner === '' ? !path.startsWith('packages/') || isTestHelper : path.startsWith(`${owner}/`);
  if (!staysHome) return "reaches into another package's files; import what that package exports";
  const folder = selfContained.find((prefix) => file.startsWith(`${prefix}/`));
  return folder === undefined || path.startsWith(`${folder}/`) ? null : `${folder} imports nothing else of its package`;
}
