import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Whether somebody sits here who can see a browser. */
export function hasDesktop(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform): boolean {
  if (env.SSH_CONNECTION || env.CI) return false;
  return platform === 'darwin' || platform === 'win32' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/** Opens a URL in the user's browser. Resolves with why that is not possible; undefined where it was started. */
export async function openBrowser(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  const [command, ...args] = commandOf(env, platform);
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true, env });
  try {
    await once(child, 'spawn');
  } catch (error) {
    return (error as Error).message;
  }
  child.unref();
  const [exitCode] = await Promise.race([once(child, 'exit'), started()]);
  return exitCode ? `${command} ended with exit code ${exitCode}` : undefined;
}

/** What fails does so soon; what goes on is a browser. */
async function started(): Promise<readonly [number]> {
  await new Promise((resolve) => setTimeout(resolve, 2000).unref());
  return [0];
}

function commandOf(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): [string, ...string[]] {
  if (env.BROWSER) return [env.BROWSER];
  if (platform === 'darwin') return ['open'];
  // `start` would take the URL apart at each `&`.
  return platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}
