/** A heading of the charts page and the tags below it, in order. */
export interface TagGroup {
  readonly name: string;
  readonly tags: readonly string[];
}

/** What microbatch's own tags mean, under their charts' titles. */
const ABOUT: ReadonlyMap<string, string> = new Map([
  ['train/loss', 'the recorded loss'],
  ['train/loss_smooth', "its exponential mean, as fastai's"],
  ['train/micro_loss', 'of each micro-batch'],
  ['train/accumulated_loss', 'of each optimizer step'],
  ['train/learning_rate', ''],
  ['train/accum_batch_size', 'samples that close a window'],
  ['train/gradient_noise_scale', 'batch size beyond which gradients gain little'],
  ['train/norm_test_ratio', 'error of the gradient, relative to its norm'],
  ['train/grad_norm', 'of the accumulated gradient'],
  ['train/clipped_grad_norm', 'of the accumulated gradient, clipped'],
  ['train/samples_per_second', 'throughput'],
]);

const SPEED = ['samples_per_second', 'forward_backward_ms', 'accumulate_ms', 'apply_ms', 'log_ms'];
const ACCUMULATION = ['accum_batch_size', 'gradient_noise_scale', 'norm_test_ratio', 'grad_norm', 'clipped_grad_norm'];
const FIRST = ['loss', 'loss_smooth', 'micro_loss', 'accumulated_loss'];
/** `layer/2` comes before `layer/10`. */
const byNumber = new Intl.Collator(undefined, { numeric: true });
const GROUPS = ['Training', 'Validation', 'Accumulation', 'Speed'];

/** fastai's names for the same. */
const FASTAI: ReadonlyMap<string, string> = new Map([
  ['raw_loss', 'train/loss'],
  ['train_loss', 'train/loss_smooth'],
  ['valid_loss', 'valid/loss'],
  ['lr_0', 'train/learning_rate'],
  ['accumulation_batch_size', 'train/accum_batch_size'],
]);

function meaningOf(tag: string): string {
  return FASTAI.get(tag) ?? tag;
}

/** What a tag of the loggers means; empty for others. */
export function aboutTag(tag: string): string {
  return ABOUT.get(meaningOf(tag)) ?? '';
}

/** Whether a value holds from the point before it on. */
export function isSteppedTag(tag: string): boolean {
  return meaningOf(tag) === 'train/accum_batch_size';
}

/** The part of a tag that its group's heading says already, and the rest. */
export function splitTag(tag: string): readonly [prefix: string, name: string] {
  const at = tag.lastIndexOf('/') + 1;
  return at === tag.length ? ['', tag] : [tag.slice(0, at), tag.slice(at)];
}

/** Groups tags: microbatch's own by what they are about, all others by what stands before their first slash. */
export function groupTags(tags: Iterable<string>): readonly TagGroup[] {
  const groups = new Map<string, string[]>();
  for (const tag of tags) {
    const name = groupOf(meaningOf(tag));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [tag]);
    else group.push(tag);
  }
  return [...groups]
    .sort(([a], [b]) => rank(GROUPS, a) - rank(GROUPS, b) || byNumber.compare(a, b))
    .map(([name, members]) => ({ name, tags: members.sort(byMeaning) }));
}

function groupOf(tag: string): string {
  const [, scope, name] = /^(train|valid)\/(.+)$/s.exec(tag) ?? [];
  if (scope === 'valid') return 'Validation';
  if (scope === 'train') {
    if (SPEED.includes(name!)) return 'Speed';
    return ACCUMULATION.includes(name!) ? 'Accumulation' : 'Training';
  }
  const slash = tag.indexOf('/');
  return slash > 0 ? tag.slice(0, slash) : 'Other';
}

function byMeaning(a: string, b: string): number {
  const order = [...FIRST, ...ACCUMULATION, ...SPEED];
  const nameOf = (tag: string) => splitTag(meaningOf(tag))[1];
  return rank(order, nameOf(a)) - rank(order, nameOf(b)) || byNumber.compare(a, b);
}

function rank(order: readonly string[], name: string): number {
  const at = order.indexOf(name);
  return at === -1 ? order.length : at;
}
