/** Sites on real sockets, and Node's own client to ask them. */
import { request as askNode } from 'node:http'
import type { IncomingHttpHeaders, RequestOptions } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Site } from '../../../src/http/index.js'
import type { IRequestHandler, RequestHandler, SiteOptions } from '../../../src/http/index.js'
import type { IListeningPort } from '../../../src/interfaces/index.js'
import type { Reactor } from '../../../bindings/node/index.js'
import { LOOPBACK, portOf } from './helpers.js'

/** A site that listens, and the port. */
export async function serving(
  reactor: Reactor, handler: RequestHandler | IRequestHandler, options: SiteOptions = {},
): Promise<{ port: number, site: Site, listening: IListeningPort }> {
  const site = new Site(handler, { reactor, ...options })
  const listening = reactor.listenTCP(0, site, LOOPBACK)
  await listening.ready
  return { port: portOf(listening), site, listening }
}

export interface NodeAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  text: string
}

/** One request on a connection of its own; the path goes out as it is. */
export function ask(
  port: number, path: string, options: RequestOptions = {}, body: Buffer | string = ''): Promise<NodeAnswer> {
  return new Promise((resolve, reject) => {
    const request = askNode({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () => {
        const all = Buffer.concat(pieces)
        resolve({ status: response.statusCode!, headers: response.headers, body: all, text: all.toString() })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** A directory for one test file. @param after vitest's afterAll */
export function temporaryDirectory(after: (fn: () => void) => void): string {
  const path = mkdtempSync(join(tmpdir(), 'whorl-http-'))
  after(() => rmSync(path, { recursive: true, force: true }))
  return path
}
