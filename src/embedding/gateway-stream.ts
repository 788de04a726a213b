/**
 * One connection, or attempt to connect, of an embedded program.
 *
 * Owns: the two windows: bytes to the program are held back, and reading is paused, until it has given credit for them;
 * bytes from it are counted against the credit that it was given, which grows again as the network takes them.
 * Must not know: what the bytes mean. Source: the project's own; the windows follow HTTP/2 (RFC 9113 §5.2).
 */
import type { Failure } from '../defer/index.js'
import { ConnectionDone } from '../errors/index.js'
import { EmbeddingViolation } from '../errors/embedding.js'
import type { IAddress, IConnector, ITransport, TCPAddress } from '../interfaces/index.js'
import { ClientFactory } from '../protocols/factory.js'
import type { StreamTransport } from '../transports/stream-transport.js'
import { describeFailure } from './failures.js'
import type { GatewayHandle, GatewayTable } from './gateway.js'
import { MOST_CREDIT } from './limits.js'
import { Kind, MOST_DATA, Option } from './messages.js'
import type { Field } from './messages.js'

/** @throws EmbeddingViolation when it is more than a window may ever be */
export function checkedCredit(sum: number): number {
  if (sum > MOST_CREDIT) throw new EmbeddingViolation(`A credit of ${sum} bytes is more than anybody needs.`)
  return sum
}

/** Host and port of an address, as messages have them. */
export function place(address: IAddress): [host: string, port: number] {
  const { host = '', port = 0 } = address as Partial<TCPAddress>
  return [host, port]
}

/** Between a transport and an embedded program. @internal */
export class GatewayStream implements GatewayHandle {
  readonly #table: GatewayTable
  readonly #id: number
  readonly #announce: (stream: GatewayStream) => void
  #transport: StreamTransport | null = null
  /** Bytes that the program still takes. */
  #credit: number
  #held: Uint8Array[] = []
  #paused = false
  /** What comes behind the bytes that are held. */
  #ended = false
  #last: [string, string] | null = null
  /** Bytes that the program may still send; those that were taken and are not yet its credit again. */
  #window: number
  #owed = 0
  #full = false
  #closing = false
  #writeEnded = false

  /** @param announce tells the program of it, once it is connected */
  constructor(table: GatewayTable, id: number, credit: number, announce: (stream: GatewayStream) => void) {
    this.#table = table
    this.#id = id
    this.#credit = checkedCredit(credit)
    this.#window = table.limits.window
    this.#announce = announce
  }

  /** The fields that OPENED and ACCEPTED have in common. */
  get description(): [number, string, number, string, number] {
    const transport = this.#transport!
    return [this.#window, ...place(transport.getHost()), ...place(transport.getPeer())]
  }

  // --- from the network

  makeConnection(transport: ITransport): void {
    this.#transport = transport as StreamTransport
    this.#transport.registerProducer(this, true)
    this.#announce(this)
    if (this.#credit === 0) this.#pause()
  }

  connectionMade(): void {}

  dataReceived(data: Uint8Array): void {
    if (this.#closing) return
    if (this.#held.length > 0) this.#held.push(data)
    else this.#pass(data)
  }

  readConnectionLost(): void {
    this.#ended = true
    this.#release()
  }

  writeConnectionLost(): void {
    if (!this.#closing) this.#table.tell(Kind.FINISHED, this.#id)
  }

  connectionLost(reason: Failure): void {
    this.#transport = null
    if (reason.value instanceof ConnectionDone) {
      this.#last = ['', '']
    } else {
      // What was on its way is lost, as it would be without a border.
      this.#held = []
      this.#ended = false
      this.#last = describeFailure((reason.value as Error).cause ?? reason.value)
    }
    if (this.#closing) this.#held = []
    this.#release()
  }

  #pass(data: Uint8Array): void {
    let at = 0
    while (at < data.length && this.#credit > 0) {
      const end = Math.min(at + MOST_DATA, at + this.#credit, data.length)
      this.#credit -= end - at
      this.#table.tell(Kind.DATA, this.#id, data.subarray(at, end))
      at = end
    }
    if (at < data.length) this.#held.unshift(data.subarray(at))
    if (this.#credit === 0) this.#pause()
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#transport?.pauseProducing()
  }

  /** Says what was held back, as far as there is credit. */
  #release(): void {
    while (this.#held.length > 0 && this.#credit > 0) this.#pass(this.#held.shift()!)
    if (this.#held.length > 0) return
    if (this.#ended && !this.#closing) {
      this.#ended = false
      this.#table.tell(Kind.END, this.#id)
    }
    if (this.#last !== null) {
      this.#table.forget(this.#id)
      this.#table.tell(Kind.CLOSED, this.#id, ...this.#last)
    } else if (this.#paused && this.#credit > 0) {
      this.#paused = false
      this.#transport?.resumeProducing()
    }
  }

  // --- as a producer: the transport has taken, or has not, what the program sent

  pauseProducing(): void {
    this.#full = true
  }

  resumeProducing(): void {
    this.#full = false
    this.#repay()
  }

  stopProducing(): void {}

  /** Not for each few bytes: the program has at least half of its window left before it is told. */
  #repay(): void {
    if (this.#full || this.#writeEnded || this.#owed * 2 < this.#table.limits.window) return
    this.#window += this.#owed
    this.#table.tell(Kind.CREDIT, this.#id, this.#owed)
    this.#owed = 0
  }

  // --- from the program

  message(kind: number, fields: readonly Field[]): void {
    if (kind === Kind.DATA) this.#send(fields[0] as Uint8Array)
    else if (kind === Kind.CREDIT) {
      this.#credit = checkedCredit(this.#credit + (fields[0] as number))
      this.#release()
    } else if (kind === Kind.END) this.#finish()
    else if (kind === Kind.CLOSE) this.#close()
    else if (kind === Kind.RESET) this.drop()
    else if (kind === Kind.OPTION) this.#set(fields[0] as number, fields[1] as number)
    else throw new EmbeddingViolation(`Message ${kind} is nothing for a connection.`)
    if (kind === Kind.RESET) this.#table.forget(this.#id)
  }

  drop(): void {
    this.#closing = true
    this.#held = []
    this.#transport?.abortConnection()
  }

  #send(data: Uint8Array): void {
    if (this.#writeEnded) throw new EmbeddingViolation('Bytes came after the end of a stream.')
    if (data.length > this.#window) {
      throw new EmbeddingViolation(`${data.length} bytes came where ${this.#window} were allowed.`)
    }
    this.#window -= data.length
    this.#owed += data.length
    this.#transport?.write(data)
    this.#repay()
  }

  #finish(): void {
    if (this.#writeEnded) throw new EmbeddingViolation('A stream was ended twice.')
    this.#writeEnded = true
    this.#transport?.unregisterProducer()
    this.#transport?.loseWriteConnection()
  }

  #close(): void {
    if (this.#closing) throw new EmbeddingViolation('A connection was closed twice.')
    this.#closing = true
    this.#writeEnded = true
    this.#held = []
    this.#credit = MOST_CREDIT
    this.#transport?.unregisterProducer()
    this.#transport?.loseConnection()
    // What the peer still sends is nobody's, but that it ends must be heard.
    this.#release()
  }

  #set(option: number, value: number): void {
    if (option === Option.NO_DELAY) this.#transport?.setTcpNoDelay(value !== 0)
    else if (option === Option.KEEP_ALIVE) {
      this.#transport?.setTcpKeepAlive(value !== 0, value >= 2 ? value - 2 : undefined)
    } else throw new EmbeddingViolation(`There is no option ${option}.`)
  }
}

/** An attempt to connect, and the connection that it becomes. @internal */
export class GatewayAttempt extends ClientFactory implements GatewayHandle {
  readonly #table: GatewayTable
  readonly #id: number
  readonly #connector: IConnector
  #stream: GatewayStream | null = null
  #over = false
  #failed = false
  readonly #credit: number

  constructor(table: GatewayTable, id: number, fields: readonly Field[]) {
    super()
    const [credit, host, port, localHost, localPort] = fields as [number, string, number, string, number]
    this.#table = table
    this.#id = id
    this.#credit = checkedCredit(credit)
    const bindAddress = localHost === '' && localPort === 0 ? {} : { bindAddress: { host: localHost, port: localPort } }
    // The program has a clock: it gives up when it wants to, and the host does in any case.
    this.#connector = table.reactor.connectTCP(host, port, this, { timeout: Infinity, ...bindAddress })
  }

  override buildProtocol(): GatewayStream {
    return this.#stream = new GatewayStream(this.#table, this.#id, this.#credit, (stream) =>
      this.#table.tell(Kind.OPENED, this.#id, ...stream.description))
  }

  override clientConnectionFailed(_connector: IConnector, reason: Failure): void {
    this.#failed = true
    if (this.#over) return
    this.#table.forget(this.#id)
    this.#table.tell(Kind.FAILED, this.#id, ...describeFailure(reason.value))
  }

  message(kind: number, fields: readonly Field[]): void {
    if (this.#stream !== null) this.#stream.message(kind, fields)
    else if (kind === Kind.CLOSE || kind === Kind.RESET) {
      this.drop()
      this.#table.forget(this.#id)
    } else throw new EmbeddingViolation(`Message ${kind} is nothing for an attempt to connect.`)
  }

  drop(): void {
    this.#over = true
    if (this.#stream !== null) this.#stream.drop()
    else if (!this.#failed) this.#connector.stopConnecting()
  }
}
