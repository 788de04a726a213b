/**
 * Starts Deno, the program that npm's package of it holds: with the network of this machine and nothing else, and once
 * more with datagrams.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { runProgram } from '../runner/child.js'
import type { Launcher } from '../runner/launcher.js'
import { parseReport } from '../runner/report.js'

const VERSION = '2.9.6'
const PLATFORM = `${process.platform === 'linux' ? 'linux' : process.platform}-${process.arch}`

/** As many UNIX sockets may be made. */
const SOCKETS = 300

function deno(name: string, flags: readonly string[]): Launcher {
  const libc = process.platform === 'linux' ? '-glibc' : ''
  const spec = `@deno/${PLATFORM}${libc}@${VERSION}`
  return {
    name, npm: [spec],
    async launch({ root, packages, lab, scratch, signal, log }) {
      const main = join(root, 'build/js/test/hosts/deno/in-host/main.js')
      const files = join(scratch, 'files')
      mkdirSync(files)
      // Each path by itself: Deno knows no folders there.
      const sockets = Array.from({ length: SOCKETS }, (_, i) => `,unix:${files}/socket-${i + 1}`)
      const allowed = [`--allow-net=127.0.0.1,localhost${sockets.join('')}`, `--allow-read=${files},/nowhere`, `--allow-write=${files}`]
      const args = ['run', '--no-prompt', ...allowed, ...flags, main]
      const env = { DENO_DIR: join(scratch, 'deno'), NO_COLOR: '1' }
      return parseReport(await runProgram(join(packages.get(spec)!, 'deno'), args, {
        env, input: JSON.stringify({ lab, scratch: files }), signal, log,
      }))
    },
  }
}

export const launchers: readonly Launcher[] = [deno('deno', []), deno('deno-unstable-net', ['--unstable-net'])]
