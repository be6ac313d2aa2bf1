import { quoteText, readTextFields, type TextField, unquoteText } from './text-proto.js';

/** An embedding, as the projector finds it (tensorboard/plugins/projector/projector_config.proto). Paths are relative to the run. */
export interface EmbeddingInfo {
  readonly tensorName: string;
  readonly tensorPath: string;
  readonly metadataPath?: string | undefined;
  readonly sprite?: { readonly imagePath: string; readonly width: number; readonly height: number } | undefined;
}

// What an embedding's own fields replace; others, such as bookmarks_path, are the user's.
const REPLACED = new Set(['tensor_name', 'tensor_path', 'tensor_shape', 'metadata_path', 'sprite']);

/**
 * The text of a `projector_config.pbtxt` with this embedding in it: in the place of one of the same name, or at the end.
 * All else stays as it is. Throws a `SyntaxError` where the text is no protobuf text.
 */
export function withEmbedding(config: string, info: EmbeddingInfo): string {
  const old = readTextFields(config).find((field) => isEmbedding(field, info.tensorName));
  if (old === undefined) {
    return `${config}${config === '' || config.endsWith('\n') ? '' : '\n'}${embedding(info, [])}\n`;
  }
  const kept = readTextFields(old.value).filter(({ name }) => !REPLACED.has(name));
  const lines = kept.map(({ start, end }) => `  ${old.value.slice(start, end)}`);
  return `${config.slice(0, old.start)}${embedding(info, lines)}${config.slice(old.end)}`;
}

function isEmbedding({ name, value }: TextField, tensorName: string): boolean {
  // A list of embeddings is legal too, but nobody writes one: it is kept.
  if (name !== 'embeddings' || value.startsWith('[')) return false;
  return readTextFields(value).some((field) => field.name === 'tensor_name' && unquoteText(field.value) === tensorName);
}

function embedding({ tensorName, tensorPath, metadataPath, sprite }: EmbeddingInfo, kept: readonly string[]): string {
  const lines = [
    'embeddings {',
    `  tensor_name: ${quoteText(tensorName)}`,
    ...(metadataPath === undefined ? [] : [`  metadata_path: ${quoteText(metadataPath)}`]),
    ...(sprite === undefined
      ? []
      : [
          '  sprite {',
          `    image_path: ${quoteText(sprite.imagePath)}`,
          `    single_image_dim: ${sprite.width}`,
          `    single_image_dim: ${sprite.height}`,
          '  }',
        ]),
    `  tensor_path: ${quoteText(tensorPath)}`,
    ...kept,
    '}',
  ];
  return lines.join('\n');
}
