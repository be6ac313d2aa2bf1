import { spawnSync } from 'node:child_process';
import { chmodSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gitInfo, withoutCredentials } from '../src/machine/git-info.js';
import { emptyFolder } from './folders.js';

const env = {
  PATH: process.env.PATH,
  HOME: '/nowhere',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CEILING_DIRECTORIES: realpathSync(tmpdir()),
};

function git(cwd: string, ...args: string[]): string {
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@b.c'];
  const { status, stdout, stderr } = spawnSync('git', [...author, ...args], { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

function repository(): string {
  const folder = emptyFolder();
  git(folder, 'init', '-q');
  git(folder, 'commit', '-q', '--allow-empty', '-m', 'first');
  return folder;
}

describe('git', () => {
  it('says the commit and the remote, without who may read it', () => {
    const folder = repository();
    const commit = git(folder, 'rev-parse', 'HEAD');
    expect(gitInfo(folder, env)).toEqual({ commit });
    git(folder, 'remote', 'add', 'origin', 'https://me:s3cret@example.org/a/b.git');
    git(folder, 'remote', 'add', 'other', 'git@example.org:c/d.git');
    expect(gitInfo(folder, env)).toEqual({ commit, remoteUrl: 'https://example.org/a/b.git' });
    const named = { ...env, WANDB_GIT_REMOTE: 'other' };
    expect(gitInfo(folder, named)).toEqual({ commit, remoteUrl: 'git@example.org:c/d.git' });
  });

  it('is not asked for what the environment says', () => {
    const said = { WANDB_GIT_COMMIT: 'abc', WANDB_GIT_REMOTE_URL: 'https://token@example.org/a' };
    expect(gitInfo(emptyFolder(), { ...env, ...said })).toEqual({ commit: 'abc', remoteUrl: 'https://example.org/a' });
  });

  it('is asked of the folder, not of what a hook of another repository left in the environment', () => {
    const other = repository();
    expect(gitInfo(emptyFolder(), { ...env, GIT_DIR: join(other, '.git') })).toBeUndefined();
  });

  it('says nothing outside a repository, in one without commits, and where there is no git or no folder', () => {
    const bare = emptyFolder();
    expect(gitInfo(bare, env)).toBeUndefined();
    git(bare, 'init', '-q');
    expect(gitInfo(bare, env)).toBeUndefined();
    expect(gitInfo(repository(), { ...env, PATH: '/nowhere' })).toBeUndefined();
    expect(gitInfo('/nowhere', env)).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('does not see the key, and is given up when it hangs', () => {
    const bin = emptyFolder();
    const seen = join(bin, 'seen');
    const path = `${bin}:${env.PATH}`;
    writeFileSync(join(bin, 'git'), `#!/bin/sh\nenv > ${seen}\n[ -n "$HANG" ] && exec sleep 600\necho abc\n`);
    chmodSync(join(bin, 'git'), 0o755);
    expect(gitInfo(bin, { ...env, PATH: path, WANDB_API_KEY: 's3cret' })).toMatchObject({ commit: 'abc' });
    expect(spawnSync('cat', [seen], { encoding: 'utf8' }).stdout).not.toContain('s3cret');
    expect(gitInfo(bin, { ...env, PATH: path, HANG: '1' })).toBeUndefined();
  });

  it.each([
    ['https://u:p@h:8/x', 'https://h:8/x'],
    ['https://token@h/x', 'https://h/x'],
    ['https://u:p@ss@h/x', 'https://h/x'],
    ['https://h/x?access_token=t#f', 'https://h/x'],
    ['HTTPS://u:p@h', 'HTTPS://h'],
    ['ssh://git@h:22/x', 'ssh://h:22/x'],
    ['git@h:x/y.git', 'git@h:x/y.git'],
    ['/srv/x@y.git', '/srv/x@y.git'],
    ['file:///srv/x', 'file:///srv/x'],
  ])('shows %s as %s', (url, shown) => {
    expect(withoutCredentials(url)).toBe(shown);
  });
});
