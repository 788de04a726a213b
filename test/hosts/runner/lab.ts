/**
 * The lab: programs that are not whorl's, on the machine that starts the hosts, which all hosts talk to.
 *
 * Owns: ports on 127.0.0.1 for every peer behaviour over TCP and TLS, for datagrams, STARTTLS, HTTP and WebSockets,
 * and the Node server of examples/everywhere/, which is a process of its own. Must not know: hosts, suites.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import type { Server as HTTPServer } from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, TLSSocket } from 'node:tls'
import { PEERS } from '../../contract/contract.js'
import type { Lab, PeerName } from '../../contract/contract.js'
import { httpServer, webSocketServer } from './lab-http.js'
import { peers } from './lab-peers.js'
import type { Far } from './lab-peers.js'

const HOST = '127.0.0.1'

/** The everywhere-server has so many ms to say its port. */
const EVERYWHERE_MS = 30_000

/** A lab that runs, and how it is ended. */
export interface RunningLab {
  readonly lab: Lab
  close(): Promise<void>
}

/** What is to be closed at the end. */
class Open {
  readonly #sockets = new Set<Socket>()
  readonly #closers: (() => unknown)[] = []

  add(closer: () => unknown): void {
    this.#closers.push(closer)
  }

  /** Killed at the end, and when this program exits in any other way. @returns when it is over */
  child(child: ChildProcess): Promise<void> {
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    const over = new Promise<void>((resolve) => void child.once('close', () => resolve()))
    this.add(() => {
      process.off('exit', kill)
      kill()
      return over
    })
    return over
  }

  async listen(server: Server | HTTPServer): Promise<number> {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, HOST, 511, resolve)
    })
    this.add(() => new Promise((closed) => server.close(closed)))
    return (server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#closers.map((closer) => closer()))
  }
}

/**
 * Starts everything.
 * @param root of the project, which has been built
 * @param everywhere whether the server of examples/everywhere/ is wanted; its port is 0 otherwise
 */
export async function startLab(root: string, everywhere = true): Promise<RunningLab> {
  const pem = (name: string): string => readFileSync(join(root, 'test/vectors/tls', name), 'utf8')
  const [ca, certificate, key] = [pem('ca.pem'), pem('localhost.pem'), pem('localhost.key')]
  const secureContext = createSecureContext({ cert: certificate, key })
  const secure = (tcp: Socket): Far => {
    const stream = new TLSSocket(tcp, {
      isServer: true, secureContext, ALPNProtocols: ['lab/1', 'http/1.1'], allowHalfOpen: true,
    } as ConstructorParameters<typeof TLSSocket>[1])
    stream.on('error', () => tcp.destroy())
    return { stream, tcp }
  }
  const open = new Open()
  const halfOpen = (serve: (tcp: Socket) => void): Promise<number> =>
    open.listen(createServer({ allowHalfOpen: true, noDelay: true }, serve))
  try {
    const ports = {} as Record<PeerName, number>
    const tlsPorts = {} as Record<PeerName, number>
    for (const name of PEERS) {
      ports[name] = await halfOpen((tcp) => peers[name]({ stream: tcp, tcp }))
      tlsPorts[name] = await halfOpen((tcp) => {
        const far = secure(tcp)
        far.stream.once('secure', () => peers[name](far))
      })
    }
    const startTLSPort = await halfOpen((tcp) => startTLS(tcp, secure))
    const silent = await silentPort(open)
    const udpPort = await echoDatagrams(open)
    const http = httpServer()
    const webSockets = httpServer()
    const sockets = webSocketServer(webSockets)
    open.add(() => new Promise((closed) => sockets.close(closed)))
    const [httpPort, webSocketPort] = [await open.listen(http), await open.listen(webSockets)]
    const everywherePort = everywhere ? await startEverywhere(root, open) : 0
    const lab: Lab = {
      host: HOST, ports, tlsPorts, refused: await unusedPort(), udpPort, startTLSPort, silent, httpPort, webSocketPort,
      everywherePort, ca, certificate, key,
    }
    return { lab, close: () => open.close() }
  } catch (error) {
    await open.close()
    throw error
  }
}

/** In plain text until it is asked; what came behind the question in one chunk would be a fault of the client's. */
function startTLS(tcp: Socket, secure: (tcp: Socket) => Far): void {
  let heard = ''
  tcp.write('ready\r\n')
  tcp.on('data', function plain(chunk: Buffer) {
    heard += chunk.toString('latin1')
    if (!heard.includes('\r\n')) return
    tcp.off('data', plain)
    if (heard !== 'STARTTLS\r\n') {
      tcp.end('no\r\n')
      return
    }
    tcp.write('go\r\n', () => {
      const { stream } = secure(tcp)
      stream.once('secure', () => stream.pipe(stream))
    })
  })
}

async function echoDatagrams(open: Open): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (data, from) => socket.send(data, from.port, from.address))
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => void socket.bind(0, HOST, resolve))
  open.add(() => new Promise<void>((closed) => void socket.close(closed)))
  return socket.address().port
}

/**
 * A port of a process that does not run, with a queue that is full: Linux answers no attempt to connect to it.
 * @returns 0 elsewhere
 */
async function silentPort(open: Open): Promise<number> {
  if (process.platform !== 'linux') return 0
  const program = `require('net').createServer().listen({ port: 0, host: '${HOST}', backlog: 1 }, function () {
    process.stdout.write(String(this.address().port))
  })`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  void open.child(child)
  const port = Number(await new Promise<Buffer>((resolve) => void child.stdout.once('data', resolve)))
  child.kill('SIGSTOP')
  const fillers: Socket[] = []
  open.add(() => fillers.forEach((socket) => socket.destroy()))
  // It is full once an attempt is not answered.
  for (;;) {
    const socket = connect(port, HOST).on('error', () => undefined)
    fillers.push(socket)
    const answered = new Promise((resolve) => void socket.once('connect', resolve))
    await Promise.race([answered, new Promise((resolve) => void setTimeout(resolve, 500))])
    // On a slow machine both may have been due: the answer is looked at after the timer.
    await new Promise((resolve) => void setImmediate(resolve))
    if (socket.connecting) return port
  }
}

/** A port that was free a moment ago, out of the range from which the system hands out others. */
async function unusedPort(): Promise<number> {
  for (let port = 20_000 + process.pid % 10_000; ; port++) {
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, HOST, () => resolve(true))
    })
    if (!free) continue
    await new Promise((closed) => server.close(closed))
    return port
  }
}

/** It says its port as one line. */
async function startEverywhere(root: string, open: Open): Promise<number> {
  const program = join(root, 'build/js/examples/everywhere/server.js')
  const child = spawn(process.execPath, [program, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const over = open.child(child)
  return await new Promise<number>((resolve, reject) => {
    let text = ''
    const alarm = setTimeout(() => reject(new Error('the everywhere-server does not say its port')), EVERYWHERE_MS)
    child.once('error', reject)
    void over.then(() => reject(new Error('the everywhere-server ended')))
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const port = /(\d+)\n/.exec(text)?.[1]
      if (port === undefined) return
      clearTimeout(alarm)
      resolve(Number(port))
    })
  })
}
