/**
 * Protocols that write down what happens to them, and how suites connect them.
 *
 * Owns: the order of a connection's callbacks, and waiting for them. Must not know: any host.
 */
import {
  ConnectError, ConnectionRefusedError, connectProtocol, Factory, logPublisher, NoSocketError, Protocol,
} from 'whorl'
import type { Failure, IListeningPort, IStreamClientEndpoint, LogEvent } from 'whorl'
import { isA, join, latin1, pass, rejects, until } from './checks.js'
import type { CaseContext, PeerName } from './contract.js'
import { portOf } from './peers.js'

/** Writes down; cannot live half closed. */
export class Recorder extends Protocol {
  /** `made`, `data`, `read lost`, `write lost`, `lost`; data that follows data is not told again. */
  readonly events: string[] = []
  readonly chunks: Uint8Array[] = []
  length = 0
  reason: Error | null = null
  /** Called within the callbacks, after they were written down. */
  onMade: (this: Recorder) => void = () => undefined
  onData: (this: Recorder, data: Uint8Array) => void = () => undefined
  onLost: (this: Recorder) => void = () => undefined

  override connectionMade(): void {
    this.events.push('made')
    this.onMade()
  }

  override dataReceived(data: Uint8Array): void {
    if (this.events.at(-1) !== 'data') this.events.push('data')
    this.chunks.push(data)
    this.length += data.length
    this.onData(data)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.events.push('lost')
    this.reason = reason.value
    this.onLost()
  }

  get bytes(): Uint8Array {
    return join(this.chunks)
  }

  get text(): string {
    return latin1(this.bytes)
  }
}

/** Writes down; lives on with one direction closed. */
export class HalfRecorder extends Recorder {
  onReadLost: (this: HalfRecorder) => void = () => undefined

  readConnectionLost(): void {
    this.events.push('read lost')
    this.onReadLost()
  }

  writeConnectionLost(): void {
    this.events.push('write lost')
  }
}

/** Connects to a peer of the case's way; the connection ends with the case. */
export function connectTo<P extends Recorder>(context: CaseContext, peer: PeerName, protocol: P): Promise<P> {
  return connectBy(context, context.way.client(context.reactor, peer), protocol)
}

/** Connects through any endpoint; the connection ends with the case. */
export async function connectBy<P extends Recorder>(
  context: CaseContext, endpoint: IStreamClientEndpoint, protocol: P): Promise<P> {
  context.cleanup(() => {
    if (!protocol.connected) return undefined
    protocol.transport.abortConnection()
    return lost(context, protocol)
  })
  return await connectProtocol(endpoint, protocol)
}

/** Waits for so many bytes in all. @throws Error when the connection ends before */
export async function bytesOf(context: CaseContext, protocol: Recorder, length: number): Promise<Uint8Array> {
  await until(context.reactor, () => {
    if (protocol.length < length && protocol.reason !== null) {
      throw new Error(`lost after ${protocol.length} of ${length} bytes`, { cause: protocol.reason })
    }
    return protocol.length >= length
  })
  return protocol.bytes
}

/** Waits for the end of a connection. @returns its reason */
export async function lost(context: CaseContext, protocol: Recorder): Promise<Error> {
  await until(context.reactor, () => protocol.reason !== null)
  return protocol.reason as Error
}

/** Nothing has moved for so long, ms: then it is stuck. */
const STUCK = 300
const PORTION = 4 * 1_048_576
/** No two machines keep as much between them. */
const MOST = 256 * 1_048_576

/**
 * Writes to a far end that does not read until nothing moves any more: how much that takes is the machines' affair.
 * @returns how many bytes were written, of which some wait in the transport
 */
export async function writeUntilStuck(context: CaseContext, protocol: Recorder): Promise<number> {
  const zeros = new Uint8Array(PORTION)
  for (let written = PORTION; written <= MOST; written += PORTION) {
    protocol.transport.write(zeros)
    let before = Infinity
    // As long as it gets less, it is slow, and not stuck.
    while (protocol.transport.writableLength < before && protocol.transport.writableLength > 0) {
      before = protocol.transport.writableLength
      await Promise.race([protocol.transport.drain(), pass(context.reactor, STUCK)])
    }
    if (protocol.transport.writableLength > 0) return written
  }
  throw new Error(`a far end that does not read has taken ${MOST} bytes`)
}

/** A port of the case's way, and a client for it; it stops with the case. */
export interface Listening {
  readonly port: IListeningPort
  /** The protocols of connections that came in, oldest first. */
  readonly accepted: Recorder[]
  client(): IStreamClientEndpoint
}

/** Listens. @param build makes the protocol of each connection, null to refuse it; Recorders if not given */
export async function listenAt(
  context: CaseContext, build: () => Recorder | null = () => new Recorder()): Promise<Listening> {
  const accepted: Recorder[] = []
  const server = context.way.server?.(context.reactor)
  if (server === undefined) throw new Error('this case needs `listens`')
  const factory = new Factory()
  factory.buildProtocol = () => {
    const protocol = build()
    if (protocol !== null) accepted.push(protocol)
    return protocol
  }
  const port = await server.endpoint.listen(factory)
  context.cleanup(() => port.stopListening())
  context.cleanup(async () => {
    for (const protocol of accepted) {
      if (protocol.connected) protocol.transport.abortConnection()
    }
    await until(context.reactor, () => accepted.every((protocol) => !protocol.connected))
  })
  return { port, accepted, client: () => server.client(portOf(port)) }
}

/** A server and one connection to it. */
export async function pair<C extends Recorder, S extends Recorder>(
  context: CaseContext, client: C, server: S): Promise<{ client: C, server: S }> {
  const listening = await listenAt(context, () => server)
  await connectBy(context, listening.client(), client)
  await until(context.reactor, () => server.connected)
  return { client, server }
}

/** What is logged until the end of the case; without this, the host would print it. */
export function logOf(context: CaseContext): LogEvent[] {
  const events: LogEvent[] = []
  const observer = (event: LogEvent): void => void events.push(event)
  logPublisher.addObserver(observer)
  context.cleanup(() => logPublisher.removeObserver(observer))
  return events
}

/** Waits for the failure of an attempt to connect where nobody listens: to UNIX sockets, the path is not even there. */
export async function refusal(attempt: PromiseLike<unknown>): Promise<Error> {
  const error = await rejects(attempt, ConnectError)
  if (error instanceof ConnectionRefusedError || error instanceof NoSocketError) return error
  return isA(error, ConnectionRefusedError, 'an attempt to connect')
}
