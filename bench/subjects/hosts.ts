/**
 * Subjects: servers inside Deno and Bun, against the host's own server and its `node:` modules; and how long a fresh
 * Node takes from import to the first line. The hosts' programs come pinned, as the tests of hosts have them.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { fetchPackage } from '../../test/hosts/runner/fetch.js'
import { PINS } from '../../test/hosts/runner/pins.js'
import type { Case, Measured, Side, Subject } from '../model.js'
import { NotInstalled } from '../model.js'
import { Remote } from '../remote.js'
import type { Server } from '../servers.js'
import { OURS, serverCase } from '../servers.js'

const LIMIT = 1.15
const PING = { do: 'ping', connections: 64, size: 64, window: 1 } as const
const STREAM = { do: 'stream', connections: 1, size: 65_536, window: 16 } as const
const HTTP = { do: 'exchange', connections: 64, what: { kind: 'http', path: '/hello', batch: 1 } } as const

interface Host {
  readonly name: string
  /** Packages by architecture, and the program in them. */
  readonly specs: Readonly<Record<string, string>>
  readonly program: string
  readonly args: readonly string[]
  readonly listens: string
  readonly serves: string
}

const DENO: Host = {
  name: 'deno', specs: { x64: '@deno/linux-x64-glibc@2.9.6' }, program: 'deno',
  args: ['run', '--no-prompt', '--no-config', '--cached-only', '--v8-flags=--no-flush-bytecode', '-A'],
  listens: 'Deno.listen', serves: 'Deno.serve',
}

const BUN: Host = {
  name: 'bun', specs: { x64: '@oven/bun-linux-x64@1.4.5', arm64: '@oven/bun-linux-aarch64@1.4.5' },
  program: 'bin/bun', args: ['run', '--no-install'], listens: 'Bun.listen', serves: 'Bun.serve',
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}

const root = pathOf('../../../../')

/** @throws NotInstalled when it cannot be had */
async function programOf({ name, specs, program }: Host): Promise<string> {
  const spec = process.platform === 'linux' ? specs[process.arch] : undefined
  if (spec === undefined) throw new NotInstalled(`no ${name} for ${process.platform} ${process.arch}`)
  try {
    return join(await fetchPackage(spec, { folder: join(root, 'build', 'hosts', 'npm'), pins: PINS }), program)
  } catch (error) {
    throw new NotInstalled(error instanceof Error ? error.message : String(error))
  }
}

/** What the package's subpaths are in a host: not every host lets a package's own files name it. */
function ours({ name }: Host): string[] {
  return [`whorl.${name}.js`, 'http.js'].map((file) => pathToFileURL(join(root, 'dist', file)).href)
}

function serversOf(host: Host, what: 'echo' | 'http'): Server[] {
  const server = (name: string, who: string): Server => ({
    name,
    async start() {
      const path = pathOf('../processes/host-server.js')
      // Bun would take the compiler's paths for its own, and with them our sources instead of the package.
      const own = host === BUN ? [`--tsconfig-override=${join(root, 'bench', 'processes', 'bun.json')}`] : []
      return new Remote(name, await programOf(host), [...host.args, ...own, path, who, what, ...ours(host)])
    },
  })
  return [
    server(OURS, 'whorl'), server(what === 'echo' ? host.listens : host.serves, 'native'),
    server(what === 'echo' ? 'node:net' : 'node:http', 'node'),
  ]
}

function hostSubject(host: Host, title: string): Subject {
  const shared = { budget: 8000, collects: false, warmups: 4 }
  const atMost = (rival: string) => [{ rival, kind: 'at-most', value: LIMIT, metric: 'cpu' }] as const
  return {
    name: `hosts-${host.name}`, title,
    description: "The server's own CPU time per message, in that host; one client in a Node process for all.",
    cases: [
      serverCase({
        ...shared, name: 'echo, 64 connections, 64 B ping-pong', operation: 'message', load: PING,
        servers: serversOf(host, 'echo'), n: 20_000, quickN: 4000, targets: atMost(host.listens),
      }),
      serverCase({
        ...shared, name: 'echo, 1 connection, 64 KiB stream', operation: 'message', load: STREAM,
        servers: serversOf(host, 'echo'), n: 2000, quickN: 400, targets: atMost(host.listens),
      }),
      serverCase({
        ...shared, name: 'HTTP hello, 64 connections', operation: 'request', load: HTTP,
        client: './processes/http-load.js', rehearsal: 10,
        servers: serversOf(host, 'http'), n: 20_000, quickN: 2000, targets: atMost(host.serves),
      }),
    ],
  }
}

// --- from import to the first line

const run = promisify(execFile)

function startSide(name: string, module: string, field: 'all' | 'compiling'): Side {
  return {
    name, role: 'ours', warmups: 1,
    start: () => ({
      async run(n): Promise<Measured> {
        const times: number[] = []
        for (let i = 0; i < n; i++) {
          const url = pathToFileURL(join(root, 'dist', module)).href
          const { stdout } = await run(process.execPath, [pathOf('../processes/first-line.js'), url])
          times.push((JSON.parse(stdout) as Record<typeof field, number>)[field])
        }
        times.sort((a, b) => a - b)
        return { check: n, totals: { wall: (times[n >> 1] as number) * 1e6 * n } }
      },
    }),
  }
}

/** What is to be kept, as a side: it always takes as long. */
function limitSide(name: string, ms: number): Side {
  return {
    name, role: 'rival', warmups: 0,
    start: () => ({ run: (n): Measured => ({ check: n, totals: { wall: ms * 1e6 * n } }) }),
  }
}

function startCase(name: string, field: 'all' | 'compiling', ms: number): Case {
  const rival = `the limit of ${ms} ms`
  return {
    name, operation: 'fresh process', n: 7, quickN: 3, metrics: ['wall'], budget: 12_000,
    sides: [
      startSide('whorl/core', 'core.node.js', field), startSide('whorl', 'whorl.node.js', field), limitSide(rival, ms),
    ],
    targets: [{ ours: 'whorl/core', rival, kind: 'at-most', value: 1, metric: 'wall' }],
  }
}

const start: Subject = {
  name: 'hosts-start', title: 'From import to the first line, on Node',
  description: 'Fresh processes of Node that import the package, make its core and parse one line; medians of each '
    + "round's processes, by the process's own clock from before the import.",
  cases: [startCase('import to first line', 'all', 5), startCase('compiling of that', 'compiling', 2)],
}

export const hosts: readonly Subject[] = [
  hostSubject(DENO, 'Servers inside Deno'), hostSubject(BUN, 'Servers inside Bun'), start,
]
