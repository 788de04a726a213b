/**
 * WebSockets of workerd: those that a `fetch` handler accepts, as a stream of bytes or for a Site's own.
 *
 * workerd reads and writes the frames; a Site's protocol gets them made again, over a connection inside the program.
 * Owns: passing messages and ends on between the two. Must not know: frames. A WebSocket of workerd cannot be slowed:
 * what a protocol does not take is held, up to a limit beyond which the WebSocket is closed.
 */
import type { Failure } from '../../src/defer/index.js'
import type { IProtocol, IStreamClientEndpoint } from '../../src/interfaces/index.js'
import type { Reactor } from '../../src/reactor/index.js'
import { fromWebSocket } from '../../src/transports/index.js'
import type { StreamTransport } from '../../src/transports/index.js'
import { WEBSOCKET_HELD } from '../../src/transports/limits.js'
import { ConnectionRejected, connectWebSocket, WebSocketProtocol } from '../../src/websocket/index.js'
import { globals } from './api.js'
import type { WorkerdWebSocket } from './api.js'

/** Codes that stand for the absence of one, and cannot be sent. */
const NO_CODES: readonly (number | null)[] = [null, 1004, 1005, 1006, 1015]
const TOO_MUCH = 1009
const BROKEN_OFF = 1011

/** An answer that makes a WebSocket of a request. */
function switching(client: WorkerdWebSocket, subprotocol: string | null): Response {
  const headers: Record<string, string> = subprotocol === null ? {} : { 'Sec-WebSocket-Protocol': subprotocol }
  return new Response(null, { status: 101, headers, webSocket: client } as ResponseInit)
}

/**
 * Accepts a WebSocket as a stream of bytes, in binary messages whose borders do not count.
 * @returns what `fetch` has to answer, and the transport, which the protocol has been connected with
 */
export function acceptWebSocket(reactor: Reactor, protocol: IProtocol, { subprotocol = null }:
  { subprotocol?: string | null } = {}): { response: Response, transport: StreamTransport } {
  const { 0: client, 1: server } = new (globals().WebSocketPair)()
  server.accept()
  const transport = fromWebSocket(server as never, { reactor, protocol })
  return { response: switching(client, subprotocol), transport }
}

/** Stands between a WebSocket of workerd and the protocol of a Site. */
class Passing extends WebSocketProtocol {
  readonly #ws: WorkerdWebSocket
  #isOver = false

  /** Accepts it: what the Site's protocol says at once is sent with the answer. */
  constructor(ws: WorkerdWebSocket) {
    super()
    this.#ws = ws
    ws.binaryType = 'arraybuffer'
    ws.addEventListener('message', ({ data }: { data: string | ArrayBuffer }) => {
      if (this.#isOver) return
      if (typeof data === 'string') this.sendText(data)
      else this.sendBinary(new Uint8Array(data))
      if (this.writableLength > WEBSOCKET_HELD) this.#end(TOO_MUCH, 'more than can be held')
    })
    ws.addEventListener('close', ({ code, reason }: { code: number, reason: string }) => {
      if (this.#isOver) return
      this.#isOver = true
      this.#close(code)
      if (code === 1006) this.transport.abortConnection()
      else this.close(NO_CODES.includes(code) ? 1000 : code, reason)
    })
    ws.accept()
  }

  override textReceived(text: string): void {
    if (!this.#isOver) this.#ws.send(text)
  }

  override binaryReceived(data: Uint8Array): void {
    if (!this.#isOver) this.#ws.send(data.slice())
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    if (this.#isOver) return
    this.#isOver = true
    const { closeCode } = this
    this.#close(NO_CODES.includes(closeCode) ? closeCode === 1005 ? 1000 : BROKEN_OFF : closeCode!, this.closeReason)
  }

  #end(code: number, reason: string): void {
    this.#isOver = true
    this.#close(code, reason)
    this.transport.abortConnection()
  }

  /** Answers a close that came, too: workerd does not do so by itself. */
  #close(code: number, reason = ''): void {
    try {
      this.#ws.close(NO_CODES.includes(code) ? 1000 : code, reason)
    } catch {
      // It is closed.
    }
  }
}

/** Has a site answer a request to upgrade. @param url as `ws:` @param headers of the request */
export async function answerUpgrade(
  reactor: Reactor, endpoint: IStreamClientEndpoint, url: URL, headers: Headers): Promise<Response> {
  const offered = (headers.get('sec-websocket-protocol') ?? '').split(',').map((one) => one.trim())
    .filter((one) => one !== '')
  const more = [...headers].filter(([name]) => name !== 'host' && name !== 'origin' && !/^sec-websocket-/.test(name))
  const origin = headers.get('origin')
  const { 0: client, 1: server } = new (globals().WebSocketPair)()
  const passing = new Passing(server)
  try {
    await connectWebSocket(reactor, url, passing, {
      endpoint, headers: more, subprotocols: offered, ...origin === null ? {} : { origin },
    })
  } catch (error) {
    if (!(error instanceof ConnectionRejected)) throw error
    const { status, body } = error
    return new Response(body as Uint8Array<ArrayBuffer>, { status, headers: [...error.headers] as [string, string][] })
  }
  return switching(client, passing.subprotocol)
}
