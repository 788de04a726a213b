/** What the tests of the HTTP client with others share: agents, servers of Node's, and that nothing of them stays. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { createReactor } from 'whorl'
import { Agent, HTTPConnectionPool } from 'whorl/http'
import type { AgentOptions, HTTPConnectionPoolOptions } from 'whorl/http'
import { Program } from './programs.js'

export const vector = (name: string): Buffer => readFileSync(new URL(`../vectors/tls/${name}`, import.meta.url))
export const MEGABYTES = randomBytes(3_000_000)
export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What is done after the test, the last first. */
export const cleanups: (() => unknown)[] = []

/** For after each test. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  await Program.killAll()
}

type TestReactor = ReturnType<typeof createReactor>

export function reactor(): TestReactor {
  const made = createReactor({ installSignalHandlers: false })
  const ran = made.run()
  cleanups.push(async () => {
    made.stop()
    await ran
  })
  return made
}

/** An agent that keeps connections. */
export function client(options: AgentOptions = {}, poolOptions: HTTPConnectionPoolOptions = {}) {
  const on = reactor()
  const pool = new HTTPConnectionPool(on, poolOptions)
  return { on, pool, agent: new Agent(on, { pool, ...options }) }
}

export async function listen<S extends NetServer>(server: S, ...where: [string?]): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => {
    if (where[0] === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(where[0], resolve)
  })
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return where[0] === undefined ? (server.address() as AddressInfo).port : 0
}

/** A server of Node's; what it keeps open is closed with it. */
export async function nodeServer(
  listener: RequestListener, server: Server = createServer(listener)): Promise<{ url: string, server: Server }> {
  return { url: `http://127.0.0.1:${await listen(server as unknown as NetServer)}`, server }
}

export const echo: RequestListener = (request, response) => {
  response.writeHead(200, { 'X-Method': request.method!, 'X-Coding': request.headers['transfer-encoding'] ?? 'none' })
  request.pipe(response)
}
