import * as tf from '@tensorflow/tfjs';
import { show } from '../option-checks.js';
import { showShape } from '../tensors.js';
import type { SavedTensor } from './checkpoint-content.js';
import { CheckpointError } from './checkpoint-error.js';
import { fieldsOf, ITERATIONS, type OptimizerFields, type Slot } from './optimizer-fields.js';
import { restorable } from './restorable.js';
import { type RestoredState, type SavedPart, type SavedState, type StatefulPart, tensorOf } from './stateful-part.js';

/** What an optimizer of one's own has, so that its state can be saved. */
export interface CheckpointableOptimizer {
  /** All that it remembers. */
  saveCheckpoint(): SavedState;
  /** Takes over what another one of its class, made with the same arguments, saved. */
  restoreCheckpoint(state: RestoredState): void;
}

type PlainValues = Readonly<Record<string, number | boolean>>;

/** What is saved of an optimizer of tfjs's own, beside tensors. */
interface OptimizerData {
  readonly className: string;
  /** Optimizer steps, as `iterations` counts them. */
  readonly iterations: number;
  readonly plain: PlainValues;
  /** The plain values that it had before the run's first step. */
  readonly initial: PlainValues;
  /** What each slot array calls its entries. */
  readonly slots: Readonly<Record<string, readonly string[]>>;
}

/**
 * The whole state of an optimizer, bit for bit. `variables` are those that it steps, in its order. Its learning rate need not
 * be the saved run's where `setsRate`: the training sets it before each step. Throws a `TypeError` for one whose state is not
 * known.
 */
export function optimizerPart(
  optimizer: tf.Optimizer,
  variables: readonly tf.Variable[],
  setsRate = false,
): StatefulPart {
  const own = optimizer as Partial<CheckpointableOptimizer>;
  if (typeof own.saveCheckpoint === 'function' && typeof own.restoreCheckpoint === 'function') {
    const { saveCheckpoint, restoreCheckpoint } = own as CheckpointableOptimizer;
    return restorable('optimizer', {
      save: () => saveCheckpoint.call(optimizer),
      restore: (state) => restoreCheckpoint.call(optimizer, state),
    });
  }
  const { className, fields } = fieldsOf(optimizer);
  const state = optimizer as unknown as Record<string, unknown>;
  let initial = plainValues(state, fields);

  function slotsOf(field: string): readonly Slot[] {
    return state[field] as readonly Slot[];
  }

  return {
    name: 'optimizer',
    save() {
      const tensors: Record<string, tf.Tensor> = {};
      for (const field of [...fields.tensors, ...fields.variables]) tensors[field] = state[field] as tf.Tensor;
      for (const field of fields.slots) {
        slotsOf(field).forEach(({ variable }, at) => {
          tensors[`${field}/${at}`] = variable;
        });
      }
      const data: OptimizerData = {
        className,
        iterations: optimizer.iterations,
        plain: plainValues(state, fields),
        initial,
        slots: Object.fromEntries(
          fields.slots.map((field) => [field, slotsOf(field).map((slot) => slot.originalName)]),
        ),
      };
      return { data, tensors };
    },
    restore(saved) {
      const data = saved.data as OptimizerData;
      if (data.className !== className) throw otherOptimizer(`it is of ${show(data.className)}, not ${className}`);
      const { learningRate: _, ...others } = initial;
      assertSamePlain(data, setsRate ? others : initial);
      const found = findTensors(saved, fields, data.slots);
      assertSlotShapes(found.slots, variables);
      return () => {
        initial = data.initial;
        Object.assign(state, data.plain);
        state[ITERATIONS] = data.iterations;
        for (const [field, tensor] of found.tensors) replaceTensor(state, field, tensorOf(tensor));
        for (const [field, tensor] of found.variables) assign(state[field] as tf.Variable, tensorOf(tensor));
        for (const [field, tensors] of found.slots) {
          for (const { variable } of slotsOf(field)) variable.dispose();
          state[field] = tensors.map((tensor, at): Slot => newSlot(data.slots[field]![at]!, tensor));
        }
      };
    },
  };
}

function plainValues(state: Readonly<Record<string, unknown>>, fields: OptimizerFields): PlainValues {
  return Object.fromEntries(fields.plain.map((field) => [field, state[field] as number | boolean]));
}

/** A fresh optimizer has the values that the run's own began with; one that went on in this process has those it came to. */
function assertSamePlain({ plain, initial }: OptimizerData, given: PlainValues): void {
  for (const [field, value] of Object.entries(given)) {
    if (Object.is(value, initial[field]) || Object.is(value, plain[field])) continue;
    const came = Object.is(initial[field], plain[field]) ? '' : `, and came to ${show(plain[field])}`;
    throw otherOptimizer(
      `optimizer.${field} is ${show(value)}, but the checkpoint's run began with ${show(initial[field])}${came}`,
    );
  }
}

function findTensors({ tensors }: SavedPart, fields: OptimizerFields, names: OptimizerData['slots']) {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const find = (name: string): SavedTensor => {
    const tensor = byName.get(name);
    if (tensor === undefined) throw otherOptimizer(`it lacks the optimizer's ${name}`);
    return tensor;
  };
  return {
    tensors: fields.tensors.map((field) => [field, find(field)] as const),
    variables: fields.variables.map((field) => [field, find(field)] as const),
    slots: fields.slots.map((field) => [field, (names[field] ?? []).map((_, at) => find(`${field}/${at}`))] as const),
  };
}

function assertSlotShapes(
  slots: readonly (readonly [field: string, tensors: readonly SavedTensor[]])[],
  variables: readonly tf.Variable[],
): void {
  for (const [field, tensors] of slots) {
    if (tensors.length !== 0 && tensors.length !== variables.length) {
      throw otherOptimizer(`${field} has ${tensors.length} entries for ${variables.length} trained variables`);
    }
    tensors.forEach(({ shape }, at) => {
      const variable = variables[at]!;
      if (showShape(shape) === showShape(variable.shape)) return;
      throw otherOptimizer(
        `${field}/${at} has the shape ${showShape(shape)}, and ${variable.name} ${showShape(variable.shape)}`,
      );
    });
  }
}

function newSlot(originalName: string, saved: SavedTensor): Slot {
  const value = tensorOf(saved);
  // A variable takes the value's memory over by a reference of its own.
  const variable = tf.variable(value, false);
  value.dispose();
  return { originalName, variable };
}

function replaceTensor(state: Record<string, unknown>, field: string, tensor: tf.Tensor): void {
  (state[field] as tf.Tensor).dispose();
  state[field] = tf.keep(tensor);
}

function assign(variable: tf.Variable, value: tf.Tensor): void {
  variable.assign(value);
  value.dispose();
}

function otherOptimizer(message: string): CheckpointError {
  return new CheckpointError('other-optimizer', message);
}
