import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseValueJson } from '../log/value-json.js';

/** Files that the Python client leaves of a run when it ends, beside those that the log names. */
export const END_FILES = { config: 'config.yaml', summary: 'wandb-summary.json', output: 'output.log' } as const;

/** Writes a run's config and summary, given as JSON texts, into its folder of files. Rejects with the file system's error. */
export async function writeEndFiles(
  filesDir: string,
  { config, summary }: { readonly config: string; readonly summary: string },
): Promise<void> {
  await mkdir(filesDir, { recursive: true });
  await writeAnew(join(filesDir, END_FILES.config), await configYaml(config));
  await writeAnew(join(filesDir, END_FILES.summary), summary);
}

/** Puts a new file in the place of what is there: a link may lead to a file of the user's. */
async function writeAnew(path: string, text: string): Promise<void> {
  const fresh = `${path}.tmp`;
  try {
    await rm(fresh, { force: true });
    await writeFile(fresh, text, { flag: 'wx' });
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

/** As the Python client writes it: sorted, indented by four, and quoted where an older YAML would take text for a value. */
async function configYaml(config: string): Promise<string> {
  // Loaded only where a run ends: whoever logs offline has no use for it.
  const { stringify } = await import('yaml');
  return stringify(parseValueJson(config), {
    indent: 4,
    lineWidth: 0,
    compat: 'yaml-1.1',
    aliasDuplicateObjects: false,
    sortMapEntries: (a, b) => String(a.key).localeCompare(String(b.key), 'en', { numeric: true }),
  });
}
