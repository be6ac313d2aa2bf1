export { type EventPlace, followJournal, type JournalFollower } from './follow-journal.js';
export { type JournalLogger, journal } from './journal.js';
export type { JournalHeader, JournalPlace } from './journal-header.js';
export { type JournalOptions, type JournalSink, journalSink } from './journal-sink.js';
export { type JournalEnd, type JournalReader, type ReadJournalOptions, readJournal } from './read-journal.js';
export { type ReadWholeJournalOptions, readWholeJournal } from './read-whole-journal.js';
