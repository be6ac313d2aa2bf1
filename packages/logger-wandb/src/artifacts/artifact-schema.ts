import type { MessageField, MessageSchema } from '../log/record-schema.js';

const field = (number: number, kind: MessageField['kind'], repeated = false): MessageField => ({
  number,
  kind,
  repeated,
});

/** `wandb_internal.ArtifactRecord`, the field `artifact` (8) of a `Record`, as far as this writes it. */
export const ARTIFACT_SCHEMA: MessageSchema = {
  runId: field(1, 'text'),
  project: field(2, 'text'),
  entity: field(3, 'text'),
  type: field(4, 'text'),
  name: field(5, 'text'),
  digest: field(6, 'text'),
  description: field(7, 'text'),
  metadata: field(8, 'text'),
  aliases: field(11, 'text', true),
  manifest: field(12, {
    version: field(1, 'int'),
    storagePolicy: field(2, 'text'),
    storagePolicyConfig: field(3, { key: field(1, 'text'), valueJson: field(2, 'text') }, true),
    contents: field(
      4,
      { path: field(1, 'text'), digest: field(2, 'text'), size: field(4, 'int'), localPath: field(6, 'text') },
      true,
    ),
  }),
  finalize: field(14, 'flag'),
  clientId: field(15, 'text'),
  sequenceClientId: field(16, 'text'),
  tags: field(19, 'text', true),
  digestAlgorithm: field(20, 'text'),
};
