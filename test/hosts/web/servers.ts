/**
 * The servers that a page of the tests talks to: its own site, with a relay, WebSockets with every behaviour, and a
 * plain
 * TCP server that answers lines.
 *
 * Owns: what is served where, and under which policy. Must not know: the browser, the suites.
 */
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createReactor } from '../../../bindings/node/index.js'
import type { Reactor } from '../../../bindings/node/index.js'
import { TCP4ServerEndpoint } from '../../../src/endpoints/index.js'
import { serve, Site } from '../../../src/http/index.js'
import type { HandlerValue, ServerRequest } from '../../../src/http/index.js'
import type { IListeningPort, IProtocolFactory } from '../../../src/interfaces/index.js'
import { Factory, Protocol } from '../../../src/protocols/index.js'
import { TunnelRelay } from '../../../src/tunnel/index.js'
import { WebSocketServerEndpoint } from '../../../src/websocket/index.js'
import { pattern } from '../../contract/checks.js'
import { PEERS } from '../../contract/contract.js'
import type { HostReport, Lab, PeerName } from '../../contract/contract.js'
import { PeerFactory } from '../../contract/peers.js'
import type { Setup } from './in-host/setup.js'

const TOKEN = 'a token that only this page has'

/** An import of the package, in compiled code. */
const SPECIFIER = /(from\s*|import\s*\(?\s*)(['"])(whorl(?:\/[a-z/]+)?)\2/g

export interface PageServers {
  readonly url: string
  readonly report: Promise<HostReport>
  close(): Promise<void>
}

/** @param setup what is known before anything listens */
export async function startServers(
  root: string, lab: Lab, setup: Pick<Setup, 'row' | 'place' | 'wasm' | 'only'>, log: (text: string) => void,
): Promise<PageServers> {
  const reactor = createReactor({ installSignalHandlers: false })
  const opened: IListeningPort[] = []
  const lines = lineServer()
  await new Promise<void>((resolve) => void lines.server.listen(0, lab.host, resolve))
  const webSocketPorts = {} as Record<PeerName, number>
  for (const peer of PEERS) {
    const endpoint = new WebSocketServerEndpoint(reactor, loopback(reactor))
    const peers = peer === 'source' ? Factory.forProtocol(Source) : new PeerFactory(reactor, peer, false)
    const port = await endpoint.listen(peers as unknown as IProtocolFactory)
    opened.push(port)
    webSocketPorts[peer] = (port.getHost() as { port: number }).port
  }
  const whole: Setup = {
    ...setup, lab, token: TOKEN, relay: '/tunnel', webSocketPorts,
    linePort: (lines.server.address() as AddressInfo).port,
  }
  const { site, report } = pageSite(root, whole, reactor, log)
  site.upgrade('/tunnel', new TunnelRelay({
    allow: ['localhost:*', '127.0.0.0/8:*', '[::1]:*'], authenticate: (token) => token === TOKEN, origins: 'same',
    limits: { perClient: 4096 },
  }))
  const port = await serve(reactor, loopback(reactor), site)
  opened.push(port)
  return {
    url: `http://127.0.0.1:${(port.getHost() as { port: number }).port}/`, report,
    async close() {
      for (const one of opened) await one.stopListening()
      for (const transport of reactor.openTransports()) transport.abortConnection()
      for (const socket of lines.sockets) socket.destroy()
      await new Promise((closed) => lines.server.close(closed))
    },
  }
}

/** As the one of peers.ts, in several messages: a message is one chunk to its receiver. */
class Source extends Protocol {
  override connectionMade(): void {
    const bytes = pattern(1_048_576)
    for (let at = 0; at < bytes.length; at += 65_536) this.transport.write(bytes.subarray(at, at + 65_536))
    this.transport.loseConnection()
  }
}

function loopback(reactor: Reactor): TCP4ServerEndpoint {
  return new TCP4ServerEndpoint(reactor, 0, { interface: '127.0.0.1' })
}

/** The page, its modules, and where it posts what it has to say. */
function pageSite(
  root: string, setup: Setup, reactor: Reactor, log: (text: string) => void,
): { site: Site, report: Promise<HostReport> } {
  let settle: { resolve: (report: HostReport) => void, reject: (error: Error) => void }
  const report = new Promise<HostReport>((resolve, reject) => {
    settle = { resolve, reject }
  })
  report.catch(() => undefined)
  const policy = `default-src 'self'; connect-src *; script-src 'self'${setup.wasm ? ' \'wasm-unsafe-eval\'' : ''}`
  const modules = subpaths(root)
  const script = (path: string): HandlerValue => {
    const text = readFileSync(join(root, 'build/js', path), 'utf8')
      // What a bundler, or an import map, would do.
      .replace(SPECIFIER, (_all, before: string, _quote, name: string) => `${before}'/dist/${modules(name)}'`)
    return { headers: { 'Content-Type': 'text/javascript', 'Content-Security-Policy': policy }, body: text }
  }
  const handle = async (request: ServerRequest): Promise<HandlerValue> => {
    const { path, method } = request
    if (method === 'POST') {
      const text = await request.text()
      if (path === '/report') settle.resolve(JSON.parse(text) as HostReport)
      else if (path === '/failed') settle.reject(new Error(`the page failed: ${text}`))
      else log(text)
      return 'thank you\n'
    }
    if (path === '/') {
      return { headers: { 'Content-Type': 'text/html', 'Content-Security-Policy': policy }, body: PAGE }
    }
    if (path === '/setup') return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(setup) }
    if (/^\/js\/(?:test|examples|src|bindings|assembly)\/[\w./-]+\.js$/.test(path) && !path.includes('..')) {
      return script(path.slice(4))
    }
    const [, file, kind] = /^\/dist\/([\w./-]+\.(js|wasm))$/.exec(path) ?? []
    if (file !== undefined && !file.includes('..')) {
      const type = kind === 'js' ? 'text/javascript' : 'application/wasm'
      const body = new Uint8Array(readFileSync(join(root, 'dist', file)))
      return { headers: { 'Content-Type': type, 'Content-Security-Policy': policy }, body }
    }
    return { status: 404, body: 'There is nothing here.\n' }
  }
  return { site: new Site(handle, { reactor }), report }
}

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>whorl</title><link rel="icon" href="data:,">
<script type="module" src="/js/test/hosts/web/in-host/page.js"></script><p>Contract suites run here.</p></html>
`

/** Which file of dist a subpath of the package is for browsers. */
function subpaths(root: string): (name: string) => string {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as
    { exports: Record<string, Target> }
  return (name) => {
    let target: Target | undefined = exports[`.${name.slice('whorl'.length)}`]
    while (typeof target === 'object') target = target['browser'] ?? target['default']
    if (target === undefined) throw new Error(`the package has no subpath ${name}`)
    return target.replace('./dist/', '')
  }
}

type Target = string | { [condition: string]: Target }

function lineServer(): { server: ReturnType<typeof createServer>, sockets: Set<Socket> } {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let rest = ''
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    socket.setEncoding('latin1').on('data', (text: string) => {
      const found = (rest + text).split('\r\n')
      rest = found.pop()!
      for (const line of found) {
        const [, a, b] = /^add (\d+) (\d+)$/.exec(line) ?? []
        socket.write(`${a === undefined ? 'what?' : Number(a) + Number(b)}\r\n`)
      }
    })
  })
  return { server, sockets }
}
