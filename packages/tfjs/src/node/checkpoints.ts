export type {
  CheckpointContent,
  CheckpointData,
  DataPosition,
  SavedDtype,
  SavedTensor,
} from '../checkpoint/checkpoint-content.js';
export { CheckpointError, type CheckpointErrorCode } from '../checkpoint/checkpoint-error.js';
export { type CheckpointFolderOptions, checkpointFolder } from './checkpoint-folder.js';
export { readCheckpoint } from './read-checkpoint.js';
