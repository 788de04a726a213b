/**
 * A capture file of the format pcapng.
 *
 * Owns: its blocks: section header, interfaces, names of addresses, packets with comments. Must not know: what is in
 * the packets. Source: draft-ietf-opsawg-pcapng, sections 4.1 to 4.5.
 */

import { asBytes } from './varint.js'

const SECTION = 0x0a0d0d0a
const INTERFACE = 1
const NAMES = 4
const PACKET = 6

const COMMENT = 1
const INTERFACE_NAME = 2
const APPLICATION = 4

const ETHERNET = 1
const BYTE_ORDER = 0x1a2b3c4d

/** Bytes that are taken at once: a block each would cost more than what is in it. */
const CHUNK = 1 << 20
/** Most bytes of a name. */
const NAME = 255

/** Collects blocks. @internal */
export class CaptureFile {
  readonly #full: Uint8Array[] = []
  #chunk: Uint8Array<ArrayBuffer> = new Uint8Array(CHUNK)
  /** Bytes of the chunk that are used. */
  #used = 0

  constructor(comment: string) {
    const body = new Uint8Array(16)
    const view = new DataView(body.buffer)
    view.setUint32(0, BYTE_ORDER, true)
    view.setUint16(4, 1, true)
    // The length of the section is not said.
    view.setUint32(8, 0xffff_ffff, true)
    view.setUint32(12, 0xffff_ffff, true)
    this.#add(SECTION, [body, ...options([[COMMENT, comment], [APPLICATION, 'whorl']])])
  }

  /** Interfaces have numbers from 0 in the order they are added; times on them are µs. */
  addInterface(name: string): void {
    const body = new Uint8Array(8)
    new DataView(body.buffer).setUint16(0, ETHERNET, true)
    this.#add(INTERFACE, [body, ...options([[INTERFACE_NAME, name]])])
  }

  /** What addresses of 4 or 16 bytes are called. */
  addNames(names: readonly (readonly [Uint8Array, string])[]): void {
    const parts: Uint8Array[] = []
    for (const [address, name] of names) {
      const text = asBytes(name).subarray(0, NAME)
      const record = new Uint8Array(padded(4 + address.length + text.length + 1))
      const view = new DataView(record.buffer)
      view.setUint16(0, address.length === 4 ? 1 : 2, true)
      view.setUint16(2, address.length + text.length + 1, true)
      record.set(address, 4)
      record.set(text, 4 + address.length)
      parts.push(record)
    }
    this.#add(NAMES, [...parts, new Uint8Array(4)])
  }

  /** @param time µs since 1970 @param comment '' for none */
  addPacket(iface: number, time: number, frame: Uint8Array, comment: string): void {
    const body = new Uint8Array(20 + padded(frame.length))
    const view = new DataView(body.buffer)
    view.setUint32(0, iface, true)
    view.setUint32(4, Math.floor(time / 0x1_0000_0000), true)
    view.setUint32(8, time % 0x1_0000_0000, true)
    view.setUint32(12, frame.length, true)
    view.setUint32(16, frame.length, true)
    body.set(frame, 20)
    this.#add(PACKET, comment === '' ? [body] : [body, ...options([[COMMENT, comment]])])
  }

  bytes(): Uint8Array {
    const parts = [...this.#full, this.#chunk.subarray(0, this.#used)]
    const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      file.set(part, at)
      at += part.length
    }
    return file
  }

  #add(type: number, parts: readonly Uint8Array[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 12)
    if (this.#used + length > this.#chunk.length) {
      this.#full.push(this.#chunk.subarray(0, this.#used))
      this.#chunk = new Uint8Array(Math.max(CHUNK, length))
      this.#used = 0
    }
    const block = this.#chunk.subarray(this.#used, this.#used += length)
    const view = new DataView(this.#chunk.buffer, block.byteOffset)
    view.setUint32(0, type, true)
    view.setUint32(4, length, true)
    let at = 8
    for (const part of parts) {
      block.set(part, at)
      at += part.length
    }
    view.setUint32(at, length, true)
  }
}

function options(list: readonly (readonly [code: number, text: string])[]): Uint8Array[] {
  const parts = list.map(([code, text]) => {
    const bytes = asBytes(text).subarray(0, 0xffff)
    const option = new Uint8Array(4 + padded(bytes.length))
    const view = new DataView(option.buffer)
    view.setUint16(0, code, true)
    view.setUint16(2, bytes.length, true)
    option.set(bytes, 4)
    return option
  })
  return [...parts, new Uint8Array(4)]
}

function padded(length: number): number {
  return length + 3 & ~3
}
