/**
 * The project's own files, for the tests about the project as a whole.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** Paths of all files that are tracked, or would be if added. */
export function trackedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root })
  return listed.toString('utf8').split('\0').filter((path) => path !== '' && exists(path)).sort()
}

export function textOf(path: string): string {
  return readFileSync(`${root}/${path}`, 'utf8')
}

function exists(path: string): boolean {
  try {
    textOf(path)
    return true
  } catch {
    return false
  }
}

/** path → source of all TypeScript below these folders. */
export function sourcesBelow(...folders: string[]): Map<string, string> {
  const paths = trackedFiles().filter((path) => /\.(?:m|c)?ts$/.test(path) && folders.includes(path.split('/')[0]!))
  return new Map(paths.map((path) => [path, textOf(path)]))
}
