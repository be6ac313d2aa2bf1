import { parseOptions } from './options.js';

// Nobody reads any more (`npm start | head`). The code is that of a process that SIGPIPE ended.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(141);
  console.error(`error: standard output: ${message}`);
  process.exit(1);
});

const options = parseOptions(process.argv.slice(2));
try {
  // Only now: TensorFlow.js takes a second to load, and help or a complaint should not wait for it.
  const { trainDigits } = await import('./train-digits.js');
  process.exitCode = await trainDigits(options);
} catch (error) {
  const { message, stack } = error as Error;
  console.error(process.env.DEBUG ? stack : `error: ${message}`);
  process.exitCode = 1;
}
