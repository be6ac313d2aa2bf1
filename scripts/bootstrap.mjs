// `npm start`, `npm test` and `npm run check` begin here. No static imports and plain syntax: a Node that is too old for
// the rest must still parse this file, to say so.
const MINIMUM = [20, 19];

const version = process.versions.node;
const [major, minor] = version.split('.').map(Number);

if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  console.error(
    'microbatch needs Node ' +
      MINIMUM.join('.') +
      ' or newer, and this is Node ' +
      version +
      ': see https://nodejs.org',
  );
  process.exitCode = 1;
} else {
  import('./bootstrap/verbs.mjs')
    .then((verbs) => verbs.runVerb(process.argv[2], process.argv.slice(3)))
    .then((exitCode) => {
      process.exitCode = exitCode;
    })
    .catch((error) => {
      console.error(process.env.DEBUG ? error.stack : error.message);
      process.exitCode = 1;
    });
}
