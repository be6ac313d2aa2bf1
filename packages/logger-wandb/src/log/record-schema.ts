/** One field of a protobuf message: its number, and how its value is written. */
export interface MessageField {
  readonly number: number;
  readonly kind: 'text' | 'int' | 'flag' | MessageSchema;
  readonly repeated: boolean;
}

/** The fields of a protobuf message by their name in our plain objects. */
export type MessageSchema = Readonly<Record<string, MessageField>>;

const text = (number: number): MessageField => ({ number, kind: 'text', repeated: false });
const texts = (number: number): MessageField => ({ number, kind: 'text', repeated: true });
/** int32 or int64: both are written as a 64-bit varint. */
const int = (number: number): MessageField => ({ number, kind: 'int', repeated: false });
const flag = (number: number): MessageField => ({ number, kind: 'flag', repeated: false });
const one = (number: number, kind: MessageSchema): MessageField => ({ number, kind, repeated: false });
const many = (number: number, kind: MessageSchema): MessageField => ({ number, kind, repeated: true });

const item: MessageSchema = { key: text(1), nestedKey: texts(2), valueJson: text(16) };
const update: MessageSchema = { update: many(1, item), remove: many(2, item) };
const timestamp: MessageSchema = { seconds: int(1), nanos: int(2) };
const telemetry: MessageSchema = {
  pythonVersion: text(4),
  cliVersion: text(5),
  coreVersion: text(12),
  platform: text(13),
};

/** `wandb_internal.Record` of wandb's `wandb_internal.proto`, as far as run logs use it; other fields are skipped. */
export const RECORD_SCHEMA: MessageSchema = {
  num: int(1),
  history: one(2, { item: many(1, item), step: one(2, { num: int(1) }) }),
  summary: one(3, update),
  output: one(4, { outputType: int(1), timestamp: one(2, timestamp), line: text(3) }),
  config: one(5, update),
  files: one(6, { files: many(1, { path: text(1), policy: int(2), type: int(3) }) }),
  stats: one(7, { statsType: int(1), timestamp: one(2, timestamp), item: many(3, item) }),
  artifact: one(8, {
    runId: text(1),
    project: text(2),
    entity: text(3),
    type: text(4),
    name: text(5),
    digest: text(6),
    description: text(7),
    metadata: text(8),
    aliases: texts(11),
    manifest: one(12, {
      version: int(1),
      storagePolicy: text(2),
      storagePolicyConfig: many(3, { key: text(1), valueJson: text(2) }),
      contents: many(4, {
        path: text(1),
        digest: text(2),
        ref: text(3),
        size: int(4),
        localPath: text(6),
        extra: many(16, { key: text(1) }),
      }),
      manifestFilePath: text(5),
    }),
    userCreated: flag(9),
    useAfterCommit: flag(10),
    distributedId: text(13),
    finalize: flag(14),
    clientId: text(15),
    sequenceClientId: text(16),
    baseId: text(17),
    ttlSeconds: int(18),
    tags: texts(19),
    incremental: flag(100),
    digestAlgorithm: text(20),
  }),
  telemetry: one(10, telemetry),
  metric: one(12, {
    name: text(1),
    globName: text(2),
    stepMetric: text(4),
    stepMetricIndex: int(5),
    options: one(6, { stepSync: flag(1), hidden: flag(2), defined: flag(3) }),
    summary: one(7, {
      min: flag(1),
      max: flag(2),
      mean: flag(3),
      best: flag(4),
      last: flag(5),
      none: flag(6),
      copy: flag(7),
      first: flag(8),
    }),
    goal: int(8),
    control: one(9, { overwrite: flag(1) }),
    expandedFromGlob: flag(10),
  }),
  outputRaw: one(13, { outputType: int(1), timestamp: one(2, timestamp), line: text(3) }),
  run: one(17, {
    runId: text(1),
    entity: text(2),
    project: text(3),
    config: one(4, update),
    summary: one(5, update),
    runGroup: text(6),
    jobType: text(7),
    displayName: text(8),
    notes: text(9),
    tags: texts(10),
    sweepId: text(12),
    host: text(13),
    startingStep: int(14),
    startTime: one(17, timestamp),
    resumed: flag(18),
    telemetry: one(19, telemetry),
    runtime: int(20),
    git: one(21, { remoteUrl: text(1), commit: text(2) }),
  }),
  exit: one(18, { exitCode: int(1), runtime: int(2) }),
  final: one(20, {}),
  header: one(21, { versionInfo: one(1, { producer: text(1), minConsumer: text(2) }) }),
  footer: one(22, {}),
};
