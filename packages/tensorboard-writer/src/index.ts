export type { EventTime, FileEvent, SessionStatus, StopInfo, StopReason, SummaryValue } from './event.js';
export { EventFileError, type EventFileErrorCode } from './event-file-error.js';
export { type EventReader, readEvents } from './read-events.js';
export { type RunScalars, readScalars, type ScalarFile, type ScalarSeries } from './read-scalars.js';
export { SummaryWriter, type SummaryWriterOptions } from './summary-writer.js';
