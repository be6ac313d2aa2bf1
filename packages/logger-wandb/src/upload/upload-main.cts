// The program of the process that uploads a run. CommonJS, for it listens before Node reads the channel: ES modules are
// loaded too late, and what a training sent that ended at once would be lost, the run with it.

const early: unknown[] = [];
const keep = (message: unknown): void => {
  early.push(message);
};

process.on('message', keep);
void import('./upload-process.js').then(({ serveUpload }) => {
  process.off('message', keep);
  serveUpload(early);
});
