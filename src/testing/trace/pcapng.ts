/**
 * A trace as a capture file that Wireshark and tshark open.
 *
 * Owns: which packets a trace becomes. Must not know: how headers look (packets.ts), or the file (capture-file.ts).
 *
 * What arrived is shown as it was captured on the host that got it, when its program got it; what was lost on the host
 * that sent it, with a comment that says why. So a piece that was lost and sent again is there twice, as it would be in
 * a real capture. Of one direction of a connection, nothing is shown before all that comes before it in the stream: a
 * loss ahead of that is held until then. UNIX streams become TCP between ports of one host; docs/trace.md says which.
 */

import { TraceError } from '../../errors/trace.js'
import { CaptureFile } from './capture-file.js'
import { traceFilter } from './filter.js'
import type { TraceFilter } from './filter.js'
import { addressBytes, tcpFrame, TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN, udpFrame } from './packets.js'
import type { FrameEnd } from './packets.js'
import { printable } from './print.js'
import type { TraceReader } from './reader.js'
import type { TraceConnection, TraceDatagram, TraceHost, TracePiece, TraceRecord } from './records.js'

/** Bytes of data in a segment, at most. */
const SEGMENT = 1_460
/** Bytes of data in a datagram, at most: its length has 16 bits. */
const DATAGRAM = 65_507
/** Bytes of a piece, at most, that are made up where a trace does not have them. */
const MADE_UP = 64 << 20
const NOTHING = new Uint8Array(0)

type OfConnection = Extract<TraceRecord, { connection: TraceConnection }>
type OfDatagram = Extract<TraceRecord, { datagram: TraceDatagram }>

/** @param filter which records become packets; default: all @returns a file of the format pcapng */
export function traceToPcapng(reader: TraceReader, filter: TraceFilter = {}): Uint8Array {
  return new Exporter(reader, filter).run()
}

/** One connection on its way into the file. */
interface Flow {
  readonly ends: readonly [FrameEnd, FrameEnd]
  /** Initial sequence numbers. */
  readonly first: readonly [number, number]
  /** The sequence numbers that the other side expects, counted from that behind SYN. */
  readonly arrived: [number, number]
  /** Behind the last byte that was written. */
  readonly written: [number, number]
  readonly fin: ['none' | 'sent' | 'waiting' | 'shown', 'none' | 'sent' | 'waiting' | 'shown']
  /** Behind the last byte that is in the file. */
  readonly shown: [number, number]
  isOpen: boolean
  /** What was lost before all that comes before it in the stream was shown. */
  readonly held: [Held[], Held[]]
}

interface Held {
  readonly offset: number
  /** 0: a FIN. */
  readonly length: number
  readonly comment: string
  readonly isWanted: boolean
}

class Exporter {
  readonly #reader: TraceReader
  readonly #file: CaptureFile
  readonly #passes: (record: TraceRecord) => boolean
  /** Numbers of interfaces, by host. */
  readonly #interfaces = new Map<number, number>()
  readonly #byAddress = new Map<string, number>()
  readonly #flows = new Map<number, Flow>()
  readonly #paths = new Map<string, number>()
  /** The record that packets are made of. */
  #time = 0
  #isWanted = false

  constructor(reader: TraceReader, filter: TraceFilter) {
    const { seed, digest } = reader.head
    this.#reader = reader
    this.#passes = traceFilter(filter)
    this.#file = new CaptureFile(`simulation, seed ${seed}, digest ${digest}`)
  }

  run(): Uint8Array {
    this.#begin(this.#reader.hosts())
    for (const record of this.#reader) {
      this.#time = this.#reader.head.epoch * 1000 + Math.round(record.time * 1000)
      this.#isWanted = record.index > 0 && this.#passes(record)
      if ('connection' in record) this.#onConnection(record)
      else if ('datagram' in record) this.#onDatagram(record)
    }
    return this.#file.bytes()
  }

  #begin(hosts: readonly TraceHost[]): void {
    this.#file.addInterface('none')
    const names: [Uint8Array, string][] = []
    for (const { id, name, ipv4, ipv6 } of hosts) {
      this.#interfaces.set(id, this.#interfaces.size + 1)
      this.#file.addInterface(name)
      for (const text of [ipv4, ipv6]) {
        const address = addressBytes(text)
        if (address === null) continue
        this.#byAddress.set(address.join(), id)
        // A name with other characters would be no host name.
        if (/^[\w.-]+$/.test(name)) names.push([address, name])
      }
    }
    if (names.length > 0) this.#file.addNames(names)
  }

  #onConnection(record: OfConnection): void {
    const { connection } = record
    const flow = this.#flow(connection)
    switch (record.kind) {
      case 'connect':
        this.#segment(flow, 0, -1, TCP_SYN, NOTHING, connection.transport === 'unix' ? unixComment(connection) : '')
        break
      case 'connected': case 'accepted':
        this.#handshake(flow)
        break
      case 'refused':
        if (record.why === 'nobody there') this.#refuse(flow)
        break
      case 'sent':
        flow.written[record.direction] = Math.max(flow.written[record.direction], record.offset + record.length)
        break
      case 'delivered':
        this.#delivered(flow, record)
        break
      case 'lost':
        // What never left its program is in no packet, and the end comes where it would have begun.
        if (record.why === 'not taken') flow.written[record.direction] = record.offset
        else this.#lost(flow, record)
        break
      case 'fin':
        if (record.isDelivered) this.#finArrived(flow, record.direction)
        else flow.fin[record.direction] = 'sent'
        break
      case 'ended':
        this.#ended(flow, connection, record.side === 0 ? 1 : 0)
        break
      case 'rst':
        if (record.isDelivered) this.#reset(flow, record.direction)
        break
    }
  }

  #handshake(flow: Flow): void {
    if (flow.isOpen) return
    flow.isOpen = true
    this.#segment(flow, 1, -1, TCP_SYN | TCP_ACK, NOTHING)
    this.#segment(flow, 0, 0, TCP_ACK, NOTHING)
  }

  #refuse(flow: Flow): void {
    const [client, server] = flow.ends
    this.#packet(client.host, tcpFrame(server, client, 0, flow.first[0] + 1 >>> 0, TCP_RST | TCP_ACK, NOTHING))
  }

  #delivered(flow: Flow, { connection, direction, offset, length }: TracePiece): void {
    this.#handshake(flow)
    flow.written[direction] = Math.max(flow.written[direction], offset + length)
    this.#arrive(flow, connection, direction, offset, length)
    this.#acknowledge(flow, direction)
    this.#release(flow, connection, direction)
    if (flow.fin[direction] === 'waiting') this.#finArrived(flow, direction)
  }

  /** Where something was lost inside of it, it comes in two, and what was lost is shown between them. */
  #arrive(flow: Flow, connection: TraceConnection, direction: 0 | 1, offset: number, length: number): void {
    const end = offset + length
    for (let at = offset, next = end; at < end; at = next) {
      next = flow.held[direction].reduce((least, one) => one.offset > at ? Math.min(least, one.offset) : least, end)
      this.#data(flow, direction, at, connection.bytes(direction, at, next - at), next - at, '')
      flow.arrived[direction] = Math.max(flow.arrived[direction], next)
      if (next < end) this.#release(flow, connection, direction)
    }
  }

  /** Shows what was lost, now that the stream has come so far. */
  #release(flow: Flow, connection: TraceConnection, direction: 0 | 1): void {
    const held = flow.held[direction]
    if (held.length === 0) return
    const ready = held.filter(({ offset }) => offset <= flow.arrived[direction])
    flow.held[direction] = held.filter(({ offset }) => offset > flow.arrived[direction])
    const isWanted = this.#isWanted
    for (const one of ready) {
      this.#isWanted = one.isWanted
      this.#showLost(flow, connection, direction, one)
    }
    this.#isWanted = isWanted
  }

  #lost(flow: Flow, record: Extract<TraceRecord, { kind: 'lost' }>): void {
    const { connection, direction, offset, length, time } = record
    const comment = `lost: ${record.why}`
    const held = { offset, length, comment, isWanted: this.#isWanted }
    // What has no length is a FIN, or belongs to the handshake, which has nothing before it.
    const isFin = length === 0 && flow.fin[direction] !== 'none' && (offset > 0 || flow.written[direction] === 0)
    if (offset > flow.arrived[direction]) {
      // Shown now, it would look as if what comes before had not been captured.
      flow.held[direction].push({ ...held, comment: `${comment}, at ${time.toFixed(3)} ms` })
    } else if (length > 0 || isFin) {
      this.#handshake(flow)
      this.#showLost(flow, connection, direction, held)
    } else if (flow.isOpen) {
      this.#segment(flow, direction, flow.arrived[direction], TCP_ACK, NOTHING, comment)
    } else {
      this.#segment(flow, direction, -1, direction === 0 ? TCP_SYN : TCP_SYN | TCP_ACK, NOTHING, comment)
    }
  }

  #showLost(flow: Flow, connection: TraceConnection, direction: 0 | 1, { offset, length, comment }: Held): void {
    if (length === 0) this.#segment(flow, direction, offset, TCP_FIN | TCP_ACK, NOTHING, comment)
    else this.#data(flow, direction, offset, connection.bytes(direction, offset, length), length, comment)
  }

  /** The host may have it before its program has read all that came before: then it is shown after that. */
  #finArrived(flow: Flow, direction: 0 | 1): void {
    if (flow.fin[direction] === 'shown') return
    this.#handshake(flow)
    const at = flow.written[direction]
    if (flow.arrived[direction] < at) {
      flow.fin[direction] = 'waiting'
      return
    }
    flow.fin[direction] = 'shown'
    this.#segment(flow, direction, at, TCP_FIN | TCP_ACK, NOTHING)
    // FIN takes a number.
    flow.arrived[direction] = at + 1
    this.#acknowledge(flow, direction)
  }

  /** The program on the side that `direction` leads to reads no more: what it did not read had come. */
  #ended(flow: Flow, connection: TraceConnection, direction: 0 | 1): void {
    if (flow.fin[direction] !== 'waiting') return
    const from = flow.arrived[direction]
    const length = flow.written[direction] - from
    this.#arrive(flow, connection, direction, from, length)
    this.#release(flow, connection, direction)
    this.#finArrived(flow, direction)
  }

  #reset(flow: Flow, direction: 0 | 1): void {
    const at = flow.isOpen ? flow.arrived[direction] : -1
    this.#segment(flow, direction, at, TCP_RST | TCP_ACK, NOTHING)
  }

  #acknowledge(flow: Flow, direction: 0 | 1): void {
    const back = direction === 0 ? 1 : 0
    this.#segment(flow, back, flow.arrived[back], TCP_ACK, NOTHING)
  }

  /** @param data null: not in the trace any more */
  #data(
    flow: Flow, direction: 0 | 1, offset: number, data: Uint8Array | null, length: number, comment: string,
  ): void {
    if (!this.#isWanted) return
    if (data === null && length > MADE_UP) throw new TraceError(`There are no ${length} bytes at ${offset} to be shown.`)
    const bytes = data ?? new Uint8Array(length)
    const remark = data === null ? [comment, 'these bytes are not in the trace'].filter(Boolean).join('; ') : comment
    for (let at = 0, end = 0; at < length; at = end) {
      end = Math.min(length, at + SEGMENT)
      // No segment is half sent again and half new: that confuses Wireshark.
      const again = flow.shown[direction] - offset
      if (at < again && again < end) end = again
      const flags = end < length ? TCP_ACK : TCP_ACK | TCP_PSH
      this.#segment(flow, direction, offset + at, flags, bytes.subarray(at, end), remark)
      flow.shown[direction] = Math.max(flow.shown[direction], offset + end)
    }
  }

  /** @param at counted from that behind SYN; −1 is that of SYN */
  #segment(flow: Flow, direction: 0 | 1, at: number, flags: number, data: Uint8Array, comment = ''): void {
    if (!this.#isWanted) return
    const back = direction === 0 ? 1 : 0
    const [from, to] = [flow.ends[direction], flow.ends[back]]
    const seq = (flow.first[direction] + 1 + at) % 0x1_0000_0000
    const ack = (flow.first[back] + 1 + flow.arrived[back]) % 0x1_0000_0000
    // What was lost was seen by its sender only; pure acknowledgements are seen by theirs.
    const isHere = comment.startsWith('lost') || (flags === TCP_ACK && data.length === 0)
    this.#packet(isHere ? from.host : to.host, tcpFrame(from, to, seq, ack, flags, data), comment)
  }

  #onDatagram(record: OfDatagram): void {
    if (!this.#isWanted || record.kind === 'datagram-sent' || Number.isNaN(record.datagram.time)) return
    const { from, fromPort, toAddress, toPort, data } = record.datagram
    const address = addressBytes(toAddress)
    if (address === null) return
    const source = addressBytes(address.length === 4 ? from.ipv4 : from.ipv6) ?? new Uint8Array(address.length)
    const toHost = record.kind === 'datagram-delivered' ? record.host.id : this.#byAddress.get(address.join()) ?? 0
    const frame = udpFrame(
      { host: from.id, address: source, port: fromPort & 0xffff },
      { host: toHost, address, port: toPort & 0xffff }, data.subarray(0, DATAGRAM))
    if (record.kind === 'datagram-delivered') this.#packet(toHost, frame)
    else this.#packet(from.id, frame, `lost: ${record.why}`)
  }

  #packet(host: number, frame: Uint8Array, comment = ''): void {
    if (this.#isWanted) this.#file.addPacket(this.#interfaces.get(host) ?? 0, this.#time, frame, comment)
  }

  #flow(connection: TraceConnection): Flow {
    const { id } = connection
    let flow = this.#flows.get(id)
    if (flow !== undefined) return flow
    flow = {
      ends: connection.transport === 'unix' ? this.#unixEnds(connection) : tcpEnds(connection),
      // Spread over all numbers, so that some of them wrap.
      first: [Math.imul(id, 0x9e3779b1) >>> 0, Math.imul(id, 0x85ebca6b) >>> 0],
      arrived: [0, 0], written: [0, 0], fin: ['none', 'none'], isOpen: false, shown: [0, 0], held: [[], []],
    }
    this.#flows.set(id, flow)
    return flow
  }

  /** A path becomes a port from 1 up, the side that connects one from 1,024 up. */
  #unixEnds({ id, from, to, toAddress }: TraceConnection): [FrameEnd, FrameEnd] {
    const key = `${to.id} ${toAddress}`
    let port = this.#paths.get(key)
    if (port === undefined) this.#paths.set(key, port = this.#paths.size % 1_023 + 1)
    const address = (host: TraceHost): Uint8Array => addressBytes(host.ipv4) ?? new Uint8Array(4)
    return [
      { host: from.id, address: address(from), port: 1_024 + id % 64_512 },
      { host: to.id, address: address(to), port },
    ]
  }
}

function tcpEnds(connection: TraceConnection): [FrameEnd, FrameEnd] {
  const { from, fromAddress, fromPort, to, toAddress, toPort } = connection
  let [one, other] = [addressBytes(fromAddress), addressBytes(toAddress)]
  if (one === null || other === null || one.length !== other.length) {
    [one, other] = [addressBytes(from.ipv4) ?? new Uint8Array(4), addressBytes(to.ipv4) ?? new Uint8Array(4)]
  }
  return [
    { host: from.id, address: one, port: fromPort & 0xffff },
    { host: to.id, address: other, port: toPort & 0xffff },
  ]
}

function unixComment({ toAddress }: TraceConnection): string {
  return `UNIX socket ${printable(toAddress)}`
}
