/**
 * Servers that are run inside Deno and Bun: ours, from the package as installed, the host's own, and that of its
 * `node:` modules. Arguments: who (whorl, native, node), what (echo, http), and for ours the URLs of the modules that
 * `whorl` and `whorl/http` are in this host. Must not know: who asks.
 */
import type { Server, Socket } from 'node:net'
import { answerQuestions, ownUsage } from './control.js'
import { HELLO, TEXT } from './http-places.js'
import type { Target } from './places.js'

interface DenoConn {
  read(into: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  close(): void
}

interface DenoLike {
  listen(options: object): AsyncIterable<DenoConn> & { addr: { port: number } }
  serve(options: object, handler: () => Response): { addr: { port: number } }
}

interface BunSocket {
  data: Uint8Array[]
  write(bytes: Uint8Array): number
}

interface BunLike {
  listen(options: object): { port: number }
  serve(options: object): { port: number }
}

const { Deno, Bun } = globalThis as { Deno?: DenoLike, Bun?: BunLike }
const HOST = '127.0.0.1'
const HEADERS = { 'content-type': TEXT }
const [who, what, ourModule, ourHTTP] = process.argv.slice(2)

async function ofWhorl(): Promise<number> {
  const { createReactor, Factory, Protocol } = await import(ourModule as string) as typeof import('whorl')
  const reactor = createReactor()
  void reactor.run()
  if (what === 'http') {
    const { serve } = await import(ourHTTP as string) as typeof import('whorl/http')
    const endpoint = `tcp:0:interface=${HOST}:backlog=1024`
    const port = await serve(reactor, endpoint, () => HELLO, { timeouts: { idle: 600_000 } })
    return (port.getHost() as { port: number }).port
  }
  class Echo extends Protocol {
    override dataReceived(data: Uint8Array): void { this.transport.write(data) }
  }
  const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: HOST, backlog: 1024 })
  await port.ready
  return port.getHost().port
}

async function echoOfDeno(conn: DenoConn): Promise<void> {
  const into = new Uint8Array(65_536)
  try {
    for (let n = await conn.read(into); n !== null; n = await conn.read(into)) {
      for (let at = 0; at < n;) at += await conn.write(into.subarray(at, n))
    }
  } catch {
    // The client has gone.
  }
  conn.close()
}

function ofDeno({ listen, serve }: DenoLike): number {
  if (what === 'http') {
    return serve({ hostname: HOST, port: 0, onListen: () => undefined },
      () => new Response(HELLO, { headers: HEADERS })).addr.port
  }
  const listener = listen({ hostname: HOST, port: 0, tcpBacklog: 1024 })
  void (async () => { for await (const conn of listener) void echoOfDeno(conn) })()
  return listener.addr.port
}

/** What the socket does not take at once waits for its turn. */
function drain(socket: BunSocket): void {
  const waiting = socket.data
  while (waiting.length > 0) {
    const first = waiting[0] as Uint8Array
    const taken = Math.max(0, socket.write(first))
    if (taken < first.length) {
      waiting[0] = first.subarray(taken)
      return
    }
    waiting.shift()
  }
}

function ofBun({ listen, serve }: BunLike): number {
  if (what === 'http') {
    return serve({ hostname: HOST, port: 0, idleTimeout: 255, fetch: () => new Response(HELLO, { headers: HEADERS }) })
      .port
  }
  const socket = {
    open(each: BunSocket) { each.data = [] },
    data(each: BunSocket, bytes: Uint8Array) {
      const taken = each.data.length > 0 ? 0 : Math.max(0, each.write(bytes))
      // The bytes are only lent.
      if (taken < bytes.length) each.data.push(bytes.slice(taken))
    },
    drain,
    error() {},
  }
  return listen({ hostname: HOST, port: 0, socket }).port
}

async function ofNode(): Promise<number> {
  const server = what === 'http' ? await httpOfNode() : await echoOfNode()
  await new Promise<void>((resolve) => server.listen(0, HOST, 1024, resolve))
  return (server.address() as { port: number }).port
}

async function httpOfNode(): Promise<Server> {
  const { createServer } = await import('node:http')
  return createServer({ keepAliveTimeout: 600_000 }, (_request, response) => {
    response.writeHead(200, { ...HEADERS, 'content-length': HELLO.length })
    response.end(HELLO)
  })
}

async function echoOfNode(): Promise<Server> {
  const { createServer } = await import('node:net')
  return createServer({ noDelay: true }, (socket: Socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
}

async function start(): Promise<number> {
  if (who === 'whorl') return await ofWhorl()
  if (who === 'node') return await ofNode()
  if (Deno !== undefined) return ofDeno(Deno)
  if (Bun !== undefined) return ofBun(Bun)
  throw new Error('this host has no server of its own here')
}

const listening = start().then((port): Target => ({ kind: 'tcp', port }))

answerQuestions(async (question) => question.do === 'target' ? { target: await listening } : ownUsage())
