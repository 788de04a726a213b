/**
 * Subjects: HTTP servers. Small answers over 64 connections, one request at a time and 16; and bodies of 1 MiB in both
 * directions. What is compared is the server's own CPU time for a request, and the time that a request takes.
 */
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Case, Subject, Target } from '../model.js'
import { NotInstalled } from '../model.js'
import { FILE, MIB, pattern } from '../processes/http-places.js'
import type { Exchange } from '../processes/http-places.js'
import { Remote } from '../remote.js'
import { needPackages, OURS, serverCase, startBundled } from '../servers.js'
import type { Server } from '../servers.js'

const CLIENT = './processes/http-load.js'
const NODE = 'node:http'
const FASTIFY = 'fastify'
const TWISTED = 'Twisted web'
const RAW = 'node:net, always the same answer'
const NGINX = 'nginx'
const METRICS = ['cpu', 'wall'] as const

function ours(what: string, ...args: readonly string[]): Server {
  return { name: OURS, start: () => startBundled('processes/http-whorl', [what, ...args]) }
}

function rival(name: string, who: string, what: string, ...args: readonly string[]): Server {
  return {
    name,
    start() {
      if (who === 'fastify') needPackages('fastify')
      return Remote.node(name, './processes/http-rivals.js', [who, what, ...args])
    },
  }
}

/** Against both of what a request costs. */
function atLeast(value: number): Omit<Target, 'ours'>[] {
  return METRICS.map((metric) => ({ rival: NODE, kind: 'at-least', value, metric }))
}

// --- small answers

interface Hello {
  readonly name: string
  readonly batch: number
  readonly n: number
  readonly targets: readonly Omit<Target, 'ours'>[]
}

function helloCase({ name, batch, n, targets }: Hello): Case {
  return serverCase({
    name, operation: 'request', n, quickN: n / 10, budget: 12_000, metrics: METRICS, client: CLIENT,
    collects: false, warmups: 4, targets,
    load: { do: 'exchange', connections: 64, what: { kind: 'http', path: '/hello', batch } },
    // As many as there are in a batch, and a few times that.
    rehearsal: 10 * batch,
    servers: [
      ours('hello'), rival(NODE, 'http', 'hello'), rival(FASTIFY, 'fastify', 'hello'), rival(RAW, 'raw', 'hello'),
      {
        name: TWISTED, share: 0.1,
        start: () => Remote.python(TWISTED, 'rivals/python/http_hello.py', ['twisted.web']),
      },
    ],
  })
}

export const httpServer: Subject = {
  name: 'http-server', title: 'HTTP server, 13 B',
  description: "64 connections: the server's CPU time per request, and the time for each.",
  cases: [
    helloCase({
      name: 'one request at a time', batch: 1, n: 20_000,
      targets: [...atLeast(2), { rival: RAW, kind: 'at-most', value: 1.15, metric: 'cpu' }],
    }),
    helloCase({ name: '16 requests in a piece', batch: 16, n: 64_000, targets: atLeast(8) }),
  ],
}

// --- large bodies

/** A tag of a file that has just changed is a weak one, and longer: answers are to be the same from the first to the last. */
const LONG_AGO = new Date('2020-01-01T00:00:00Z')

/** A folder with the file, for as long as any server of the case needs it. */
function sharedFolder(): { take(): string, leave(): void } {
  let folder: string | null = null
  let users = 0
  return {
    take() {
      users++
      if (folder === null) {
        folder = mkdtempSync(join(tmpdir(), 'whorl-bench-'))
        writeFileSync(join(folder, FILE), pattern(MIB))
        utimesSync(join(folder, FILE), LONG_AGO, LONG_AGO)
      }
      return folder
    },
    leave() {
      if (--users > 0 || folder === null) return
      rmSync(folder, { recursive: true, force: true })
      folder = null
    },
  }
}

function fileServers(): Server[] {
  const folder = sharedFolder()
  const withFolder = (name: string, begin: (path: string) => Remote | Promise<Remote>): Server => ({
    name,
    async start() {
      const remote = await begin(folder.take())
      return remote.bring({ stop: async () => folder.leave() })
    },
  })
  return [
    withFolder(OURS, (path) => startBundled('processes/http-whorl', ['file', path])),
    withFolder(NODE, (path) => Remote.node(NODE, './processes/http-rivals.js', ['http', 'file', path])),
    withFolder(NGINX, (path) => {
      const program = findNginx()
      return Remote.node(NGINX, './processes/http-nginx.js', [program, path])
    }),
  ]
}

/** Debian puts it where not everybody looks. @throws NotInstalled */
function findNginx(): string {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  const program = folders.map((folder) => join(folder, 'nginx')).find((path) => existsSync(path))
  if (program === undefined || !existsSync('/proc/self/schedstat')) throw new NotInstalled('no nginx here, or no /proc')
  return program
}

function bodyCase(name: string, path: Extract<Exchange, { kind: 'http' }>['path'], servers: readonly Server[]): Case {
  return serverCase({
    name, operation: 'request', n: 600, quickN: 60, budget: 12_000, metrics: METRICS, client: CLIENT,
    collects: false, servers,
    load: { do: 'exchange', connections: 8, what: { kind: 'http', path, batch: 1 } }, rehearsal: 5,
    targets: atLeast(1.2),
  })
}

export const httpBodies: Subject = {
  name: 'http-bodies', title: 'HTTP server, 1 MiB',
  description: "8 connections: the server's CPU time per request, and the time for each.",
  cases: [
    bodyCase('a file', `/${FILE}`, fileServers()),
    bodyCase('a POST, read whole', '/upload', [ours('upload'), rival(NODE, 'http', 'upload')]),
  ],
}
