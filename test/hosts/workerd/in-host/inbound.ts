/**
 * A worker that is connected to: it echoes bytes, serves a Site, and takes WebSockets in both ways.
 */
import { ClientFactory, connectProtocol, Factory, Protocol, TCP4ClientEndpoint } from 'whorl'
import type { Failure, TLSClientOptions } from 'whorl'
import { Site } from 'whorl/http'
import type { ServerRequest, ServerResponse } from 'whorl/http'
import { WebSocketProtocol, WebSocketServerFactory } from 'whorl/websocket'
import { acceptWebSocket, handlers } from 'whorl/workerd'
import type { Asked, Incoming } from 'whorl/workerd'
import { pattern } from '../../../contract/checks.js'

class Echo extends Protocol {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }
}

/** Says whom it speaks with, and closes. */
class Tell extends Protocol {
  override connectionMade(): void {
    const { transport } = this
    transport.write(JSON.stringify([transport.getPeer(), transport.getHost()]))
    transport.loseConnection()
  }
}

/** Reads slowly, and tells how much it was when the other end is done. */
class Slow extends Protocol {
  #length = 0

  override dataReceived(data: Uint8Array): void {
    this.#length += data.length
    this.transport.pauseProducing()
    reactors.get(this)?.callLater(1, () => this.transport.resumeProducing())
  }

  readConnectionLost(): void {
    this.transport.write(`${this.#length}`)
    this.transport.loseConnection()
  }

  writeConnectionLost(): void {}
}

const reactors = new WeakMap<Protocol, Incoming['reactor']>()

class Talk extends WebSocketProtocol {
  override connectionMade(): void {
    this.sendText(`hello ${this.subprotocol ?? ''}`)
  }

  override textReceived(text: string): void {
    if (text === 'close') this.close(4002, 'asked for')
    else this.sendText(text)
  }

  override binaryReceived(data: Uint8Array): void {
    this.sendBinary(data)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    ended.push(`${reason.value.name} ${this.closeCode} ${this.closeReason}`)
  }
}

/** How WebSockets ended, of all events. */
const ended: string[] = []

async function page(request: ServerRequest, response: ServerResponse): Promise<void> {
  const { path, method } = request
  if (path === '/echo') {
    response.headers.set('Content-Type', 'application/octet-stream')
    for await (const chunk of request) await response.write(chunk)
    response.end()
  } else if (path === '/large') {
    for (let i = 0; i < 64; i++) await response.write(pattern(65_536, i))
    response.end()
  } else if (path === '/encoded') {
    response.headers.set('Content-Encoding', 'gzip')
    response.end(Uint8Array.from(request.query.get('hex')!.match(/../g)!, (two) => parseInt(two, 16)))
  } else if (path === '/broken') {
    await response.write('half of it')
    response.abort()
  } else if (path === '/ended') {
    response.endText(JSON.stringify(ended))
  } else if (path === '/') {
    response.headers.append('Set-Cookie', 'a=1')
    response.headers.append('Set-Cookie', 'b=2')
    response.endText(JSON.stringify({
      method, host: request.headers.get('host'), mine: request.headers.get('x-mine'), query: request.query.get('q'),
      peer: request.peer,
    }))
  } else {
    response.status = 404
    response.endText('nothing')
  }
}

const OPTIONS: Record<string, TLSClientOptions> = {
  ca: { ca: 'x' }, identity: { identity: { cert: 'x', key: 'x' } }, insecureSkipVerify: { insecureSkipVerify: true },
  ciphers: { ciphers: 'x' }, sessions: { sessions: { get: () => undefined, set: () => undefined } },
  minVersion: { minVersion: 'TLSv1.3' }, maxVersion: { maxVersion: 'TLSv1.2' },
}

/** Name and reason, or feature, of an error. */
function told(error: Error & { reason?: string, feature?: string }): Response {
  return Response.json([error.name, error.feature ?? error.reason])
}

async function overTLS({ reactor }: Asked, port: number, option: string | null): Promise<Response> {
  const failed = new Promise<Error>((resolve) => {
    const factory = new ClientFactory()
    factory.buildProtocol = () => new Protocol()
    factory.clientConnectionFailed = (_connector, reason) => resolve(reason.value)
    reactor.connectSSL('127.0.0.1', port, factory,
      { serverName: 'localhost', ...option === null ? {} : OPTIONS[option] })
  })
  return told(await failed)
}

/** Begins TLS at a bad time, with a server that does not speak it, or has another name. */
class Starting extends Protocol {
  readonly how: string
  readonly ended: Promise<Error>
  #end!: (reason: Error) => void

  constructor(how: string) {
    super()
    this.how = how
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  override dataReceived(): void {
    if (this.how === 'awaited') void this.#talk()
  }

  /** First "ready", then "go". */
  async #talk(): Promise<void> {
    if (this.#isAsked) {
      for (let i = 0; i < 20; i++) await null
      this.transport.startTLS({ serverName: 'elsewhere.example' })
    } else {
      this.#isAsked = true
      this.transport.write('STARTTLS\r\n')
    }
  }

  #isAsked = false

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.#end(reason.value)
  }
}

async function start({ reactor }: Asked, port: number, how: string): Promise<Response> {
  const protocol = await connectProtocol(new TCP4ClientEndpoint(reactor, '127.0.0.1', port), new Starting(how))
  if (how !== 'awaited') {
    await reactor.deferLater(50)
    try {
      protocol.transport.startTLS(how === 'late' ? { serverName: 'localhost' } : { identity: { cert: 'x', key: 'x' } })
    } catch (error) {
      protocol.transport.abortConnection()
      return told(error as Error)
    }
  }
  return told(await protocol.ended)
}

function siteOf({ reactor, request }: Asked): Site | Response {
  const { pathname } = new URL(request.url)
  if (pathname === '/bytes') return acceptWebSocket(reactor, new Echo()).response
  return new Site(page, { reactor })
    .upgrade('/talk', WebSocketServerFactory.forProtocol(Talk, { subprotocols: ['talk.v1'], origins: 'same' }))
}

/** What each port is for, as the test has said. */
const kinds = new Map<number, string>()

const worker = handlers({
  connect({ host, reactor }) {
    const port = host.family === 'IPv4' ? host.port : 0
    const kind = port === 0 ? 'tell' : kinds.get(port) ?? 'echo'
    const factory = new Factory()
    factory.buildProtocol = () => {
      const made = kind === 'tell' ? new Tell() : kind === 'slow' ? new Slow() : new Echo()
      reactors.set(made, reactor)
      return made
    }
    return kind === 'none' ? null : factory
  },
  fetch(asked) {
    const { searchParams, pathname } = new URL(asked.request.url)
    const port = Number(searchParams.get('port'))
    if (pathname === '/tls') return overTLS(asked, port, searchParams.get('option'))
    if (pathname === '/start') return start(asked, port, searchParams.get('how')!)
    if (pathname !== '/kind') return siteOf(asked)
    kinds.set(port, searchParams.get('kind')!)
    return new Response('ok')
  },
})

export { worker as default }
