/**
 * Proxies that are not ours, started for a test: HAProxy, microsocks, tinyproxy; and the server of ours behind them.
 * Owns: their configuration, their ports, and that one answers before it is used.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Factory, Protocol, proxyHeaderOf, serverFromString } from 'whorl'
import type { createReactor, IAddress, IPv4Address, ProxyHeader } from 'whorl'
import { Program } from './programs.js'
import type { Peer } from './programs.js'

export function installed(name: string, packageName: string, args: string[], output: RegExp): Peer {
  for (const command of [name, `/usr/sbin/${name}`]) {
    const tried = spawnSync(command, args, { encoding: 'utf8' })
    if (tried.error === undefined && output.test(tried.stdout + tried.stderr)) {
      return { name, package: packageName, command }
    }
  }
  return { name, package: packageName, command: null }
}

export const haproxy = (): Peer => installed('haproxy', 'haproxy', ['-v'], /HAProxy/i)
export const microsocks = (): Peer => installed('microsocks', 'microsocks', ['-h'], /SOCKS5/)
export const tinyproxy = (): Peer => installed('tinyproxy', 'tinyproxy-bin', ['-v'], /tinyproxy/)

/** A folder for one test file. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'whorl-proxies-'))
  #files = 0

  write(text: string): string {
    const path = join(this.path, `file-${this.#files++}`)
    writeFileSync(path, text)
    return path
  }

  remove(): void {
    rmSync(this.path, { recursive: true })
  }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Whether somebody takes a connection there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/**
 * Starts a program that listens on a port of its arguments' choice, and waits until it does. Another program may have
 * taken the port meanwhile: then this one ends, and is started again with the next.
 */
export async function start(command: string, args: (port: number) => string[]): Promise<number> {
  for (let round = 0; ; round++) {
    const port = await freePort()
    const program = new Program(command, args(port))
    let isOver = false
    const over = program.ended.then(() => { isOver = true }, () => { isOver = true })
    while (!isOver) {
      if (await answers(port)) return port
      // Starting is nothing that one can wait for but by trying.
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 25))])
    }
    if (round === 4) throw new Error(`${command} does not start:\n${program.text}${program.errorText}`)
  }
}

/** HAProxy with one frontend and one server. */
export function startHAProxy(
  command: string, folder: Folder, target: number, { bind = '', server = '' }: { bind?: string, server?: string },
): Promise<number> {
  return start(command, (port) => ['-db', '-f', folder.write([
    'global', '  maxconn 100', 'defaults', '  mode tcp', '  timeout connect 20s', '  timeout client 60s',
    '  timeout server 60s', 'listen front', `  bind 127.0.0.1:${port} ${bind}`, `  server back 127.0.0.1:${target} ${server}`,
    '',
  ].join('\n'))])
}

/** tinyproxy, with further lines of configuration. */
export function startTinyproxy(command: string, folder: Folder, lines: string[]): Promise<number> {
  return start(command, (port) => ['-d', '-c', folder.write([
    `Port ${port}`, 'Listen 127.0.0.1', 'Timeout 60', 'Allow 127.0.0.1', 'MaxClients 20', ...lines, '',
  ].join('\n'))])
}

/** What a server knows of one of its connections. */
export interface Seen {
  peer: IAddress
  host: IAddress
  header: ProxyHeader | null
}

/** Sends back what it receives, and remembers where from. */
class Echo extends Protocol {
  readonly #seen: Seen[]

  constructor(seen: Seen[]) {
    super()
    this.#seen = seen
  }

  override connectionMade(): void {
    const { transport } = this
    this.#seen.push({ peer: transport.getPeer(), host: transport.getHost(), header: proxyHeaderOf(transport) })
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }
}

/** Our server, as `description` says. */
export async function serve(
  on: ReturnType<typeof createReactor>, description: string,
): Promise<{ port: number, seen: Seen[] }> {
  const seen: Seen[] = []
  const factory = new Factory()
  factory.buildProtocol = () => new Echo(seen)
  const port = await serverFromString(on, description).listen(factory)
  return { port: (port.getHost() as IPv4Address).port, seen }
}
