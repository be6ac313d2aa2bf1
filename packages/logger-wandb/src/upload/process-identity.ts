import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, told apart from a later one that has the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When it started, in the system's own units; empty where the system does not say. */
  readonly started: string;
}

/** Names a process of this machine. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, host: hostname(), started: startOf(pid) ?? '' };
}

/** Whether a process is this machine's, so that it can be asked for. */
export function isLocal({ host }: ProcessIdentity): boolean {
  return host === hostname();
}

/** Whether a process still runs. One of another machine, which can't be asked, counts as running. */
export function isAlive({ pid, host, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and someone else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === undefined || started === '' || now === started;
}

/** Linux: field 22 of /proc/PID/stat, in ticks since the boot that boot_id names. Nothing where there is none. */
function startOf(pid: number): string | undefined {
  try {
    // Field 2, the program's name, is in brackets and may hold anything; state (3) and start (22) are behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return fields[0] === 'Z' ? 'ended' : `${boot}/${fields[19]}`;
  } catch {
    return undefined;
  }
}
