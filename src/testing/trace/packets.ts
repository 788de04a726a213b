/**
 * Ethernet frames of what a simulated network carried: headers that were never there, made so that they are right.
 *
 * Owns: Ethernet II, IPv4, IPv6, TCP and UDP headers with their checksums. Must not know: traces, or capture files.
 * Sources: RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 1071 (checksum), RFC 1112 and 2464 (multicast over Ethernet).
 */

import { bytesOfIPv4, bytesOfIPv6 } from '../../protocols/ip-literal.js'

/** One end of what a frame carries. */
export interface FrameEnd {
  /** Number of the host; 0: none in particular. Makes the Ethernet address. */
  readonly host: number
  /** IPv4 or IPv6, both ends alike. */
  readonly address: Uint8Array
  readonly port: number
}

export const TCP_FIN = 0x01
export const TCP_SYN = 0x02
export const TCP_RST = 0x04
export const TCP_PSH = 0x08
export const TCP_ACK = 0x10

/** MSS 1,460; window scale 7, between no-operations. */
const SYN_OPTIONS = new Uint8Array([2, 4, 0x05, 0xb4, 1, 3, 3, 7])
const TCP = 6
const UDP = 17
const ETHERNET = 14

/** A frame with a TCP segment. @param seq and @param ack as numbers of 32 bits */
export function tcpFrame(
  from: FrameEnd, to: FrameEnd, seq: number, ack: number, flags: number, data: Uint8Array,
): Uint8Array {
  const options = (flags & TCP_SYN) === 0 ? 0 : SYN_OPTIONS.length
  const { frame, view, at } = openFrame(from, to, TCP, 20 + options + data.length)
  view.setUint16(at, from.port)
  view.setUint16(at + 2, to.port)
  view.setUint32(at + 4, seq)
  view.setUint32(at + 8, (flags & TCP_ACK) === 0 ? 0 : ack)
  view.setUint8(at + 12, (20 + options) << 2)
  view.setUint8(at + 13, flags)
  view.setUint16(at + 14, 0xffff)
  if (options > 0) frame.set(SYN_OPTIONS, at + 20)
  frame.set(data, at + 20 + options)
  view.setUint16(at + 16, transportChecksum(frame, at, from, to, TCP))
  return frame
}

/** A frame with a datagram. */
export function udpFrame(from: FrameEnd, to: FrameEnd, data: Uint8Array): Uint8Array {
  const { frame, view, at } = openFrame(from, to, UDP, 8 + data.length)
  view.setUint16(at, from.port)
  view.setUint16(at + 2, to.port)
  view.setUint16(at + 4, 8 + data.length)
  frame.set(data, at + 8)
  // 0 would say that there is no checksum.
  view.setUint16(at + 6, transportChecksum(frame, at, from, to, UDP) || 0xffff)
  return frame
}

/** The bytes of an address; null when it is a name, or a path. */
export function addressBytes(text: string): Uint8Array | null {
  return bytesOfIPv4(text) ?? bytesOfIPv6(text)
}

function openFrame(
  from: FrameEnd, to: FrameEnd, protocol: number, length: number,
): { frame: Uint8Array; view: DataView; at: number } {
  const isIPv4 = to.address.length === 4
  const at = ETHERNET + (isIPv4 ? 20 : 40)
  const frame = new Uint8Array(at + length)
  const view = new DataView(frame.buffer)
  frame.set(hardwareAddress(to), 0)
  frame.set(hardwareAddress(from), 6)
  view.setUint16(12, isIPv4 ? 0x0800 : 0x86dd)
  if (isIPv4) {
    view.setUint8(14, 0x45)
    view.setUint16(16, 20 + length)
    // Do not fragment.
    view.setUint16(20, 0x4000)
    view.setUint8(22, 64)
    view.setUint8(23, protocol)
    frame.set(from.address, 26)
    frame.set(to.address, 30)
    view.setUint16(24, finish(sum(frame, 14, 34, 0)))
  } else {
    view.setUint8(14, 0x60)
    view.setUint16(18, length)
    view.setUint8(20, protocol)
    view.setUint8(21, 64)
    frame.set(from.address, 22)
    frame.set(to.address, 38)
  }
  return { frame, view, at }
}

function hardwareAddress({ host, address }: FrameEnd): Uint8Array {
  const [a, b, c, d] = address
  if (address.length === 4) {
    if (a === 255 && b === 255 && c === 255 && d === 255) return new Uint8Array(6).fill(0xff)
    if (a >= 224 && a < 240) return new Uint8Array([0x01, 0x00, 0x5e, b & 0x7f, c, d])
  } else if (a === 0xff) {
    return new Uint8Array([0x33, 0x33, ...address.subarray(12)])
  }
  // Locally administered.
  return new Uint8Array([0x02, 0, host >>> 24, host >>> 16 & 0xff, host >>> 8 & 0xff, host & 0xff])
}

/** Over the pseudo-header, the header (its checksum still 0) and the data. */
function transportChecksum(frame: Uint8Array, at: number, from: FrameEnd, to: FrameEnd, protocol: number): number {
  let total = protocol + frame.length - at
  total = sum(from.address, 0, from.address.length, total)
  total = sum(to.address, 0, to.address.length, total)
  return finish(sum(frame, at, frame.length, total))
}

/** Adds big-endian words of 16 bits; of an odd length, the last byte is the upper half of one. */
function sum(bytes: Uint8Array, from: number, to: number, total: number): number {
  let at = from
  for (; at + 1 < to; at += 2) total += bytes[at] << 8 | bytes[at + 1]
  return at < to ? total + (bytes[at] << 8) : total
}

function finish(total: number): number {
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000)
  return ~total & 0xffff
}
