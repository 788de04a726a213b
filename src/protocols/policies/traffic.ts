/**
 * A factory that writes down what goes over its connections.
 *
 * Owns: what an entry says, and how bytes are shown. Must not know: what they mean, or where entries are kept. Source:
 * twisted.protocols.policies.TrafficLoggingFactory, which writes files; here a sink or the log takes the entries.
 */
import { encodeText } from '../../core/text.js'
import { Failure } from '../../defer/index.js'
import type { IAddress, IProtocolFactory, ITransport } from '../../interfaces/index.js'
import { Logger } from '../../logger/index.js'
import { ProtocolWrapper, WrappingFactory } from './wrapping.js'
import type { ProtocolWrapperClass } from './wrapping.js'

/** Something that happened on a connection. */
export interface TrafficEntry {
  /** The connection's number in its factory, from 1. */
  readonly connection: number
  readonly kind: 'open' | 'received' | 'sent' | 'closing' | 'aborted' | 'lost'
  readonly peer: IAddress
  /** With `received` and `sent`: the bytes themselves, not to be changed. A string that was written is given as UTF-8. */
  readonly data?: Uint8Array
  /** With `lost`. */
  readonly reason?: Failure
}

/** Options of {@link TrafficLoggingFactory}. */
export interface TrafficOptions {
  /** Gets every entry; the log, at level debug, if not given. */
  sink?: (entry: TrafficEntry) => void
  /** Where entries go without a sink. */
  logger?: Logger
  /** Bytes of one entry that are shown in the log; 512 if not given. */
  maxBytes?: number
}

/** What {@link TrafficLoggingFactory} puts around a protocol. */
export class TrafficLoggingProtocol extends ProtocolWrapper {
  #number = 0

  override makeConnection(transport: ITransport): void {
    this.#number = this.#log.nextNumber()
    this.transport = transport as typeof this.transport
    this.#tell('open')
    super.makeConnection(transport)
  }

  override dataReceived(data: Uint8Array): void {
    this.#tell('received', { data })
    super.dataReceived(data)
  }

  override write(data: Uint8Array | string): void {
    this.#tell('sent', { data: bytesOf(data) })
    super.write(data)
  }

  override writeSequence(list: Iterable<Uint8Array | string>): void {
    const pieces = [...list]
    for (const piece of pieces) this.#tell('sent', { data: bytesOf(piece) })
    super.writeSequence(pieces)
  }

  override loseConnection(): void {
    this.#tell('closing')
    super.loseConnection()
  }

  override abortConnection(): void {
    this.#tell('aborted')
    super.abortConnection()
  }

  override connectionLost(reason: Failure): void {
    this.#tell('lost', { reason })
    super.connectionLost(reason)
  }

  get #log(): TrafficLoggingFactory {
    return this.factory as unknown as TrafficLoggingFactory
  }

  #tell(kind: TrafficEntry['kind'], more?: { data?: Uint8Array, reason?: Failure }): void {
    this.#log.tell({ connection: this.#number, kind, peer: this.getPeer(), ...more })
  }
}

/**
 * Tells a sink, or the log, of every connection of a factory and of all its bytes.
 *
 * @example new TrafficLoggingFactory(echo, { sink: ({ connection, kind, data }) => lines.push([connection, kind, data]) })
 */
export class TrafficLoggingFactory extends WrappingFactory {
  override protocol: ProtocolWrapperClass = TrafficLoggingProtocol
  readonly #logger: Logger
  readonly #sink: (entry: TrafficEntry) => void
  #last = 0

  constructor(wrappedFactory: IProtocolFactory, options: TrafficOptions = {}) {
    super(wrappedFactory)
    const { logger = new Logger('whorl.traffic'), maxBytes = 512 } = options
    this.#logger = logger
    this.#sink = options.sink ?? ((entry) => this.#write(entry, maxBytes))
  }

  /** @internal */
  nextNumber(): number {
    return ++this.#last
  }

  /** Hands an entry on; a sink that throws is told of in the log, and disturbs no connection. @internal */
  tell(entry: TrafficEntry): void {
    try {
      this.#sink(entry)
    } catch (error) {
      this.#logger.failure('A sink of traffic failed', new Failure(error))
    }
  }

  #write(entry: TrafficEntry, maxBytes: number): void {
    const { connection, kind, data, reason } = entry
    const what = data === undefined ? '' : ` ${data.length} bytes\n${hexdump(data, maxBytes)}`
    const why = reason === undefined ? '' : `: ${reason.getErrorMessage()}`
    this.#logger.debug(`connection ${connection} ${kind}${why}${what}`, { ...entry })
  }
}

const ROW = 16

/**
 * Bytes as people read them: offset, hexadecimal, ASCII; sixteen a row.
 *
 * @param most further bytes are only counted
 */
export function hexdump(data: Uint8Array, most = Infinity): string {
  const rows: string[] = []
  const end = Math.min(data.length, most)
  for (let at = 0; at < end; at += ROW) {
    const row = [...data.subarray(at, Math.min(at + ROW, end))]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ').padEnd(3 * ROW - 1)
    const text = row.map((byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.').join('')
    rows.push(`${at.toString(16).padStart(8, '0')}  ${hex}  ${text}`)
  }
  if (data.length > end) rows.push(`… and ${data.length - end} more`)
  return rows.join('\n')
}

function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? encodeText(data) : data
}
