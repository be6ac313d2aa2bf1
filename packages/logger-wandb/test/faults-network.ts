import { type FaultCase, inParts, PACE, ROWS } from './faults-trial.js';
import type { Fault, SeenRequest, UploadServer } from './upload-server.js';

/** Of each kind of request, the first `tries` fail, the next one works, and so on. */
function failing(fault: Fault, tries: number, isMeant: (request: SeenRequest) => boolean = () => true) {
  return (server: UploadServer): void => {
    const counts = new Map<string, number>();
    server.fault = (request) => {
      if (!isMeant(request)) return undefined;
      const kind = `${request.kind} ${request.name}`;
      const count = counts.get(kind) ?? 0;
      counts.set(kind, count + 1);
      return count % (tries + 1) < tries ? fault : undefined;
    };
  };
}

const isPost = ({ kind }: SeenRequest) => kind === 'file_stream';

/** The server or the way to it fails, and is there again. */
export const NETWORK_FAULTS: readonly FaultCase[] = [
  { fault: 'no fault', left: 'nothing' },
  { fault: 'no fault', api: 'wandb', left: 'nothing' },
  { fault: '500, three times for each request', before: failing({ status: 500 }, 3), left: 'nothing' },
  { fault: '500, three times for each request', api: 'wandb', before: failing({ status: 500 }, 3), left: 'nothing' },
  {
    fault: '429 with Retry-After: 2, twice for each request',
    before: failing({ status: 429, headers: { 'retry-after': '2' } }, 2),
    left: 'nothing',
  },
  { fault: 'connection reset, every other request', before: failing('reset', 1), left: 'nothing' },
  { fault: 'lost answer (applied, then reset), every other request', before: failing('lost', 1), left: 'nothing' },
  { fault: 'truncated answer, every other request', before: failing('truncated', 1), left: 'nothing' },
  {
    fault: 'post hangs past the time limit, every other one',
    pace: 5 * PACE,
    before: failing('hang', 1, isPost),
    left: 'nothing',
  },
  {
    fault: 'refused at the start, back later',
    before: (server) => server.goDown(),
    async during({ server, program, noticed }) {
      for (let part = 0; part < 4; part++) await program.nextPart();
      await noticed('upload-retrying');
      await server.comeBack();
    },
    left: 'nothing',
  },
  {
    fault: 'server restarted in mid-run, with its state',
    async during({ server, program, part, serverHas, noticed }) {
      await part();
      await serverHas(ROWS / 4);
      await server.goDown();
      await program.nextPart();
      await program.nextPart();
      await noticed('upload-retrying');
      await server.comeBack();
      await part();
    },
    left: 'nothing',
  },
  {
    fault: 'slow server: one post in 5 s',
    before(server) {
      server.fault = async (request) => {
        if (isPost(request)) await new Promise((resolve) => setTimeout(resolve, 5000 / PACE));
        return undefined;
      };
    },
    during: inParts,
    left: 'nothing',
  },
];
