/** The options of `addHParamsStart`. */
export const SESSION_OPTIONS = {
  groupName: true,
  startTime: true,
  modelUri: true,
  monitorUrl: true,
  wallTime: true,
} as const;

/** The options of `addHParams`. */
export const HPARAMS_OPTIONS = {
  groupName: true,
  startTime: true,
  modelUri: true,
  monitorUrl: true,
  wallTime: true,
  domains: true,
  status: true,
  endTime: true,
  step: true,
  runName: true,
} as const;

/** The options of `addEmbedding`. */
export const EMBEDDING_OPTIONS = {
  tag: true,
  step: true,
  metadata: true,
  metadataHeader: true,
  labelImages: true,
  labelImagesLayout: true,
} as const;
