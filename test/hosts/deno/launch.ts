/**
 * Starts Deno, the program that npm's package of it holds: with the network of this machine and nothing else, and once
 * more with datagrams.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { runProgram } from '../runner/child.js'
import { checkOutput, guideProgram } from '../runner/guide.js'
import type { Launcher } from '../runner/launcher.js'
import { parseReport } from '../runner/report.js'

const VERSION = '2.9.6'
const PLATFORM = `${process.platform === 'linux' ? 'linux' : process.platform}-${process.arch}`

/** As many UNIX sockets may be made. */
const SOCKETS = 300

/** What in-host/denied.ts prints. */
const DENIED = `listen: CannotListenError, names the flag
connect: ConnectPermissionError, names the flag
resolve: DNSLookupError
read: FileReadError, names the flag
`

function deno(name: string, flags: readonly string[]): Launcher {
  const libc = process.platform === 'linux' ? '-glibc' : ''
  const spec = `@deno/${PLATFORM}${libc}@${VERSION}`
  return {
    name, npm: [spec],
    async launch({ root, packages, lab, scratch, signal, log }) {
      const inHost = join(root, 'build/js/test/hosts/deno/in-host')
      const files = join(scratch, 'files')
      mkdirSync(files)
      // Each path by itself: Deno knows no folders there.
      const sockets = Array.from({ length: SOCKETS }, (_, i) => `,unix:${files}/socket-${i + 1}`)
      const allowed = [
        `--allow-net=127.0.0.1,localhost${sockets.join('')}`, `--allow-read=${files},/nowhere`, `--allow-write=${files}`,
      ]
      const env = { DENO_DIR: join(scratch, 'deno'), NO_COLOR: '1' }
      const run = (args: readonly string[], input = ''): Promise<string> =>
        runProgram(join(packages.get(spec)!, 'deno'), ['run', '--no-prompt', ...flags, ...args], { env, input, signal, log })
      const input = JSON.stringify({ lab, scratch: files })
      const report = parseReport(await run([...allowed, join(inHost, 'main.js')], input))
      const results = [
        ...report.results,
        await checkOutput('deno', 'what is not permitted is an error that says so', DENIED, run([join(inHost, 'denied.js')])),
        await checkOutput('deno', 'the program of the guide', 'whorl\n',
          run(['--allow-net=127.0.0.1', guideProgram(root, scratch, 'deno')])),
      ]
      return { ...report, results }
    },
  }
}

export const launchers: readonly Launcher[] = [deno('deno', []), deno('deno-unstable-net', ['--unstable-net'])]
