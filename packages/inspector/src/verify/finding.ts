/**
 * `'fault'`: what the files say can't all be true, or something of them is lost. `'note'`: worth knowing, as that a run is not
 * over.
 */
export type Severity = 'fault' | 'note';

/** Where in a file: on one of a run's clocks (from 1), in a W&B row's `_step`, at an x of TensorBoard's, at a byte or line. */
export interface Place {
  readonly microStep?: number;
  readonly step?: number;
  readonly row?: number;
  readonly x?: number;
  readonly byte?: number;
  readonly line?: number;
}

/** One thing that was found. */
export interface Finding {
  readonly severity: Severity;
  /** Stable kebab-case; the README lists them. */
  readonly code: string;
  /** The file or folder that it was found in. */
  readonly file: string;
  readonly at?: Place;
  /** The metric, tag or clock that it is about. */
  readonly key?: string;
  /** What the value should be, and what it is; each a number, or words. */
  readonly expected?: number | string;
  readonly found?: number | string;
  /** A sentence for people, which says all of this. */
  readonly message: string;
  /** How many more of the same file, code and key were found and are not listed. */
  readonly more?: number;
}

/** What a check says of a finding; the rest is known where it is reported. */
export type Told = Omit<Finding, 'severity' | 'code' | 'file' | 'more'>;

/** Where checks of one file report. */
export interface Reporter {
  fault(code: string, told: Told): void;
  note(code: string, told: Told): void;
}

/** Everything found of a run, or of what belongs to none. */
export interface Findings {
  reporter(file: string): Reporter;
  /** Takes over what was found before it was known what it is about. */
  adopt(others: Findings): void;
  /** In the order of discovery; of many alike, the first few. */
  list(): readonly Finding[];
  /** All faults, also those that are not listed. */
  readonly faults: number;
}

/** A file that is shifted by one row would have a fault for each value of each row. */
const MAX_ALIKE = 10;

export function createFindings(): Findings {
  const listed: Finding[] = [];
  const alike = new Map<string, { count: number; last: number }>();
  let faults = 0;

  function add({ more = 0, ...finding }: Finding): void {
    if (finding.severity === 'fault') faults += 1 + more;
    const group = `${finding.file}\0${finding.code}\0${finding.key ?? ''}`;
    const known = alike.get(group) ?? { count: 0, last: 0 };
    alike.set(group, known);
    if (known.count < MAX_ALIKE) known.last = listed.push(finding) - 1;
    known.count += 1 + more;
  }

  return {
    reporter: (file) => ({
      fault: (code, told) => add({ severity: 'fault', code, file, ...told }),
      note: (code, told) => add({ severity: 'note', code, file, ...told }),
    }),
    adopt(others) {
      for (const finding of others.list()) add(finding);
    },
    list() {
      const result = [...listed];
      for (const { count, last } of alike.values()) {
        if (count > MAX_ALIKE) result[last] = { ...result[last]!, more: count - MAX_ALIKE };
      }
      return result;
    },
    get faults() {
      return faults;
    },
  };
}
