/**
 * The rival HTTP and WebSocket servers of Node, as their documentation writes them. Run by the benchmarks as a child
 * process. Arguments: who (http, fastify, raw, ws, ws-plain), what it serves (as in http-whorl.ts), its argument.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer as createHTTPServer } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { answerQuestions, ownMemory, ownUsage } from './control.js'
import { HELLO, TEXT, uploadAnswer } from './http-places.js'
import type { Messages } from './http-places.js'
import type { Target } from './places.js'

const [who, what, argument] = process.argv.slice(2)
/** What an idle connection may wait while others are measured, ms. */
const KEPT = 600_000
let connections = (): number => 0

const listeners: Readonly<Record<string, RequestListener>> = {
  hello(_request, response) {
    response.writeHead(200, { 'Content-Type': TEXT, 'Content-Length': HELLO.length })
    response.end(HELLO)
  },
  file(request, response) {
    const path = join(argument, request.url ?? '')
    stat(path).then(({ size, mtime }) => {
      response.writeHead(200, {
        'Content-Type': 'application/octet-stream', 'Content-Length': size, 'Last-Modified': mtime.toUTCString(),
      })
      pipeline(createReadStream(path), response, () => undefined)
    }, () => response.writeHead(404).end())
  },
  upload(request, response) {
    const parts: Buffer[] = []
    request.on('data', (data: Buffer) => parts.push(data))
    request.on('end', () => {
      const answer = uploadAnswer(Buffer.concat(parts))
      response.writeHead(200, { 'Content-Type': TEXT, 'Content-Length': answer.length })
      response.end(answer)
    })
  },
}

/** Parses nothing: so many bytes are a request, whatever they are, and each is answered with the same. */
function answerRaw(socket: Socket): void {
  const length = 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n'.length
  const answer = `HTTP/1.1 200 OK\r\nContent-Type: ${TEXT}\r\nDate: ${new Date().toUTCString()}\r\n` +
    `Content-Length: ${HELLO.length}\r\n\r\n${HELLO}`
  const answers = Array.from({ length: 17 }, (_, i) => Buffer.from(answer.repeat(i)))
  let have = 0
  socket.on('data', (data) => {
    have += data.length
    const whole = Math.floor(have / length)
    have -= whole * length
    if (whole > 0) socket.write(answers[whole])
  })
  socket.on('error', () => undefined)
}

/** For the clients: any request, however long its head is, by the empty line at its end. */
function answerHeads(socket: Socket): void {
  const answer = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: ${TEXT}\r\nDate: ${new Date().toUTCString()}\r\n` +
    `Connection: keep-alive\r\nContent-Length: ${HELLO.length}\r\n\r\n${HELLO}`)
  socket.on('data', (data) => {
    if (data[data.length - 1] !== 10) throw new Error('a request came in two pieces')
    socket.write(answer)
  })
  socket.on('error', () => undefined)
}

/**
 * For WebSocket, the limit: knows neither heads nor frames, but that each chunk is a short masked message as a whole,
 * and puts it back without its mask.
 */
function answerFrames(socket: Socket): void {
  socket.once('data', (head) => {
    const key = /Sec-WebSocket-Key: (.*)\r/.exec(head.toString('latin1'))?.[1] ?? ''
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`)
    socket.on('data', (data) => {
      const answer = data.subarray(4)
      for (let at = 6; at < data.length; at++) data[at]! ^= data[2 + (at - 6 & 3)]!
      answer[0] = data[0]!
      answer[1] = data.length - 6
      socket.write(answer)
    })
  })
  socket.on('error', () => undefined)
}

/** What a server of raw `node:net` does. */
const raw: Readonly<Record<string, (socket: Socket) => void>> = {
  hello: answerRaw, heads: answerHeads, websocket: answerFrames,
}

function listenOn(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () =>
      resolve((server.address() as AddressInfo).port))
  })
}

async function listenFastify(): Promise<number> {
  const { fastify } = await import('fastify')
  const app = fastify({ keepAliveTimeout: KEPT })
  app.get('/hello', (_request, reply) => reply.send(HELLO))
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
  return (app.server.address() as AddressInfo).port
}

async function listenWs(compression: Messages['compression']): Promise<number> {
  if (who === 'ws-plain') process.env['WS_NO_BUFFER_UTIL'] = '1'
  else delete process.env['WS_NO_BUFFER_UTIL']
  const { WebSocketServer } = await import('ws')
  const forgetting = { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true }
  const server = new WebSocketServer({
    host: '127.0.0.1', port: 0, backlog: 1024,
    perMessageDeflate: compression === 'forgetting' ? forgetting : compression === 'browser',
  })
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    // Text is looked at as text.
    socket.on('message', (data, isBinary) => socket.send(isBinary ? data : data.toString()))
  })
  connections = () => server.clients.size
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

function listen(): Promise<number> {
  switch (who) {
    case 'raw': return listenOn(createServer({ noDelay: true }, raw[what]!))
    case 'fastify': return listenFastify()
    case 'ws':
    case 'ws-plain': return listenWs(argument as Messages['compression'])
    default: return listenOn(createHTTPServer({ keepAliveTimeout: KEPT }, listeners[what]))
  }
}

const listening = listen().then((port): Target => ({ kind: 'tcp', port }))

answerQuestions(async (question) => {
  if (question.do === 'target') return { target: await listening }
  if (question.do === 'memory') return { ...await ownMemory(), connections: connections() }
  return { ...ownUsage(), connections: connections() }
})
