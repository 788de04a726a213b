/**
 * The host of a URL as the WHATWG URL Standard says: a name, an IPv4 address in one of its many spellings, or an IPv6
 * address in brackets.
 *
 * Owns: what is an address, and how it is written. Must not know: the rest of the URL. Names that are not ASCII need
 * tables that are not here; labels in punycode are taken as they are. Source: WHATWG URL, 3.5.
 */
import { NotSupportedError } from '../errors/index.js'
import { percentDecoded } from './percent.js'

/** No name has these: controls, and what means something in a URL. */
const FORBIDDEN = /[\x00-\x20#%/:<>?@[\\\]^|\x7f]/

/** @returns as URLs have it: in lower case, addresses in their usual form @throws TypeError, NotSupportedError */
export function parseHost(text: string): string {
  if (text.startsWith('[')) {
    if (!text.endsWith(']')) throw new TypeError('a bracket is not closed')
    return `[${writeIPv6(readIPv6(text.slice(1, -1)))}]`
  }
  const name = percentDecoded(text).toLowerCase()
  if (/[^\x00-\x7f]/.test(name)) {
    throw new NotSupportedError('this host', 'URL', { reason: 'a name that is not ASCII needs it, or its punycode' })
  }
  if (name === '' || FORBIDDEN.test(name)) throw new TypeError('no name of a host')
  return isNumeric(name) ? readIPv4(name) : name
}

/** Whether it is an IPv4 address, or wrong: its last label, but for an empty one, is a number. */
function isNumeric(name: string): boolean {
  const last = (name.endsWith('.') ? name.slice(0, -1) : name).split('.').at(-1)!
  return /^(?:\d+|0x[\da-f]*)$/.test(last)
}

/** One to four numbers; the last stands for all bytes that are left. */
function readIPv4(name: string): string {
  const numbers = (name.endsWith('.') ? name.slice(0, -1) : name).split('.').map(readNumber)
  const last = numbers.pop()!
  if (numbers.length > 3 || numbers.some((one) => !(one <= 255)) || !(last < 256 ** (4 - numbers.length))) {
    throw new TypeError('no IPv4 address')
  }
  const whole = numbers.reduce((sum, one, i) => sum + one * 256 ** (3 - i), last)
  return [24, 16, 8, 0].map((shift) => Math.floor(whole / 2 ** shift) % 256).join('.')
}

/** Hexadecimal, octal or decimal; NaN for none. */
function readNumber(text: string): number {
  if (/^0x[\da-f]*$/.test(text)) return text === '0x' ? 0 : Number.parseInt(text, 16)
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8)
  return /^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN
}

/** Eight numbers of 16 bits. */
function readIPv6(text: string): number[] {
  const halves = text.split('::')
  if (halves.length > 2) throw new TypeError('no IPv6 address: "::" twice')
  const [front, back] = halves.map((half, i) => half === '' ? [] : readGroups(half, i === halves.length - 1))
  if (back === undefined) {
    if (front!.length !== 8) throw new TypeError('no IPv6 address')
    return front!
  }
  const missing = 8 - front!.length - back.length
  if (missing < 1) throw new TypeError('no IPv6 address: too long')
  return [...front!, ...new Array<number>(missing).fill(0), ...back]
}

function readGroups(text: string, mayEndInIPv4: boolean): number[] {
  const groups = text.split(':')
  return groups.flatMap((group, i) => {
    if (/^[\da-f]{1,4}$/i.test(group)) return [Number.parseInt(group, 16)]
    const bytes = mayEndInIPv4 && i === groups.length - 1 && /^(?:\d{1,3}\.){3}\d{1,3}$/.test(group)
      ? group.split('.') : []
    const isPlain = bytes.length === 4 && bytes.every((byte) => String(Number(byte)) === byte && Number(byte) <= 255)
    if (!isPlain) throw new TypeError('no IPv6 address')
    const [a, b, c, d] = bytes.map(Number) as [number, number, number, number]
    return [a * 256 + b, c * 256 + d]
  })
}

/** The first of the longest runs of two zeros and more is left out. */
function writeIPv6(groups: readonly number[]): string {
  let [from, length] = [0, 1]
  for (let at = 0; at < 8; at++) {
    let end = at
    while (groups[end] === 0) end++
    if (end - at > length) [from, length] = [at, end - at]
  }
  const write = (some: readonly number[]): string => some.map((one) => one.toString(16)).join(':')
  return length === 1 ? write(groups) : `${write(groups.slice(0, from))}::${write(groups.slice(from + length))}`
}
