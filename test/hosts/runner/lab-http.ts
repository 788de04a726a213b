/**
 * The lab's HTTP server, of node:http, and its WebSocket server, of the package `ws`.
 *
 * - GET /hello: "hello from the lab\n"; HEAD of it, too
 * - POST /echo: the body, with its Content-Type; chunked if the request was
 * - GET /large: 1,048,576 bytes, byte i is i mod 251, chunked
 * - GET /slow: one byte, and nothing further
 * - GET /redirect: 302 to /hello
 * - GET /headers: the request's header lines as JSON
 * - any other path: 404
 *
 * Every answer may be read by pages of any origin. Must not know: whorl.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

const LARGE = Buffer.from(Uint8Array.from({ length: 1_048_576 }, (_, i) => i % 251))

const ANYONE = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' }

export function httpServer(): Server {
  return createServer((request, response) => {
    for (const [name, value] of Object.entries(ANYONE)) response.setHeader(name, value)
    answer(request, response)
  })
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  switch (`${request.method === 'HEAD' ? 'GET' : request.method} ${request.url}`) {
    case 'GET /hello':
      response.setHeader('Content-Type', 'text/plain')
      response.setHeader('Content-Length', '19')
      response.end('hello from the lab\n')
      break
    case 'POST /echo':
      response.setHeader('Content-Type', request.headers['content-type'] ?? 'application/octet-stream')
      request.pipe(response)
      break
    case 'GET /large':
      response.write(LARGE.subarray(0, 1000))
      response.end(LARGE.subarray(1000))
      break
    case 'GET /slow':
      response.write('x')
      break
    case 'GET /redirect':
      response.writeHead(302, { Location: '/hello' }).end()
      break
    case 'GET /headers':
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify(request.headers))
      break
    default:
      response.writeHead(request.method === 'OPTIONS' ? 204 : 404).end()
  }
}

/** Sends back each message as it came. "close 4001 why" closes with that code and reason; "drop" cuts the stream. */
export function webSocketServer(server: Server): WebSocketServer {
  const made = new WebSocketServer({ server, handleProtocols: (wanted) => wanted.values().next().value ?? false })
  made.on('connection', (ws: WebSocket) => {
    ws.on('message', (data: Buffer, binary: boolean) => {
      const text = binary ? '' : data.toString()
      const wish = /^close (\d+) (.*)$/.exec(text)
      if (wish !== null) ws.close(Number(wish[1]), wish[2])
      else if (text === 'drop') ws.terminate()
      else ws.send(data, { binary })
    })
    ws.on('error', () => undefined)
  })
  return made
}
