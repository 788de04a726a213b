/**
 * The rival servers: `node:net`, `node:tls` and `node:dgram` with a listener that echoes, and nothing else; and a port
 * forwarder of two `pipeline()`s. Run by the benchmarks as a child process.
 */
import { createSocket } from 'node:dgram'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'
import { createServer as createTLSServer } from 'node:tls'
import { answerQuestions, ownMemory, ownUsage } from './control.js'
import { askedKind, identity, socketPath } from './places.js'
import type { Target } from './places.js'

let connections = 0

function echo(socket: Socket): void {
  connections++
  socket.on('data', (data) => socket.write(data))
  socket.on('error', () => undefined)
  socket.on('close', () => connections--)
}

/** Joins every connection to one of its own. */
function forwardTo(port: number): (socket: Socket) => void {
  return (socket) => {
    connections++
    socket.on('close', () => connections--)
    const target = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    pipeline(socket, target, () => undefined)
    pipeline(target, socket, () => undefined)
  }
}

function listen(server: Server, kind: 'tcp' | 'tls'): Promise<Target> {
  return new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () =>
      resolve({ kind, port: (server.address() as AddressInfo).port }))
  })
}

function start(): Promise<Target> {
  const forward = process.argv[3]
  if (forward !== undefined) {
    return listen(createServer({ allowHalfOpen: true }, forwardTo(Number(forward))), 'tcp')
  }
  switch (askedKind()) {
    case 'tls': return listen(createTLSServer({ ...identity(), ALPNProtocols: [] }, echo), 'tls')
    case 'unix': return new Promise((resolve) => {
      const path = socketPath()
      createServer(echo).listen({ path, backlog: 1024 }, () => resolve({ kind: 'unix', path }))
    })
    case 'udp': return new Promise((resolve) => {
      const socket = createSocket('udp4')
      socket.on('message', (data, from) => socket.send(data, from.port, from.address))
      socket.bind(0, '127.0.0.1', () => resolve({ kind: 'udp', port: socket.address().port }))
    })
    default: return listen(createServer(echo), 'tcp')
  }
}

const listening = start()

answerQuestions(async (question) => {
  if (question.do === 'target') return { target: await listening }
  if (question.do === 'memory') return { ...await ownMemory(), connections }
  return { ...ownUsage(), connections }
})
