/**
 * Scripts for vectors.ts and vectors.c: streams of every wire format, right ones and broken ones, cut in many ways; and
 * wheels, queues, generators and digests. One seed gives one script, everywhere.
 */
import { STAGE } from '../../../../assembly/abi/layout.js'
import { encodeFieldNames } from '../../../../src/core/http-names.js'

/** One group of cases: its name, and the script that `runVectors` takes. */
export interface VectorGroup {
  readonly name: string
  readonly script: string
}

/** All groups. @param cases in each @param seed any integer */
export function makeVectors(cases: number, seed = 1): VectorGroup[] {
  const makers: Record<string, (draw: Draw) => string[]> = {
    lines, netstrings, prefixed, http, websocket, timers, queues, random, digests, text, abuse,
  }
  return Object.entries(makers).map(([name, make]) => {
    const draw = new Draw(seed)
    const script: string[] = []
    for (let i = 0; i < cases; i++) {
      script.push(`case ${name} ${i}`)
      if (i % 20 === 0) script.push('fresh', ...name === 'http' ? [nameTable()] : [])
      script.push(...make(draw))
    }
    return { name, script: `${[...script, 'memory'].join('\n')}\n` }
  })
}

/** Small numbers from a seed, by the generator that is known as mulberry32. */
class Draw {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** 0 … n - 1 */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!
  }

  text(most: number): string {
    let made = ''
    const length = this.below(most + 1)
    for (let i = 0; i < length; i++) made += String.fromCharCode(this.below(8) === 0 ? this.below(256) : 97 + this.below(26))
    return made
  }
}

const hex = (text: string): string =>
  [...text].map((one) => one.charCodeAt(0).toString(16).padStart(2, '0')).join('')

const nameTable = (): string => {
  const list = encodeFieldNames()
  return `put ${STAGE} ${hex(String.fromCharCode(...list))}\ncall httpNames ${STAGE} ${list.length}`
}

/** The stream in pieces: whole, byte by byte, or cut anywhere. Sometimes a byte is another, or the end is missing. */
function* feeding(draw: Draw, stream: string, keepRest = 1): Generator<string> {
  let all = stream
  if (draw.below(4) === 0 && all.length > 0) {
    const at = draw.below(all.length)
    all = `${all.slice(0, at)}${String.fromCharCode(draw.below(256))}${all.slice(at + 1)}`
  }
  if (draw.below(8) === 0) all = all.slice(0, draw.below(all.length + 1))
  const way = draw.below(3)
  for (let from = 0; from < all.length;) {
    const to = way === 0 ? all.length : way === 1 && all.length < 200 ? from + 1 : from + 1 + draw.below(60)
    yield `receive $p ${keepRest} ${hex(all.slice(from, to))}`
    from = to
  }
  yield 'call parserPending $p'
  yield 'call parserEnd $p'
  yield 'call parserFree $p'
}

function lines(draw: Draw): string[] {
  const delimiter = draw.pick(['\n', '\r\n', '\r\n\r\n', '--', 'abcabd'])
  const limit = draw.pick([0, 5, 40, 16384])
  let stream = ''
  for (let i = draw.below(8); i >= 0; i--) stream += `${draw.text(30)}${delimiter}`
  return [
    `put ${STAGE} ${hex(delimiter)}`, `set p lineParserNew ${STAGE} ${delimiter.length} ${limit}`,
    ...feeding(draw, stream + draw.text(10), draw.below(4) === 0 ? 0 : 1),
  ]
}

function netstrings(draw: Draw): string[] {
  let stream = ''
  for (let i = draw.below(6); i >= 0; i--) {
    const text = draw.text(30)
    stream += draw.below(12) === 0 ? draw.pick([':,', '01:a,', '5x:', '99999999999:', '3:abc;']) : `${text.length}:${text},`
  }
  return [`set p netstringParserNew ${draw.pick([10, 99999])}`, ...feeding(draw, stream)]
}

function prefixed(draw: Draw): string[] {
  const width = draw.pick([1, 2, 4])
  let stream = ''
  for (let i = draw.below(6); i >= 0; i--) {
    const text = draw.text(40)
    stream += String.fromCharCode(0, 0, 0, text.length).slice(4 - width) + text
  }
  return [`set p prefixedParserNew ${width} ${draw.pick([8, 30, 1000])}`, ...feeding(draw, stream)]
}

const FIELDS = [
  'Host: example.com', 'Content-Length: 5', 'Transfer-Encoding: chunked', 'Connection: close', 'connection: keep-alive',
  'X-Test:  a b c\t', 'Accept: */*', 'Expect: 100-continue', 'Upgrade: websocket\r\nConnection: Upgrade', 'Bad Name: 1',
  'Empty:', 'Content-Length: 007', 'Cookie: a=1; b=2', 'Transfer-Encoding: gzip', ' folded', 'Long: '.padEnd(300, 'x'),
]

function http(draw: Draw): string[] {
  const isRequest = draw.below(2) === 0
  let stream = ''
  for (let i = draw.below(3); i >= 0; i--) {
    const method = draw.pick(['GET', 'POST', 'HEAD', 'OPTIONS', 'BREW', 'CONNECT'])
    stream += isRequest
      ? `${method} ${draw.pick(['/', '*', '/a?b=c', 'http://h/x', 'h:80'])} HTTP/1.${draw.below(2)}\r\n`
      : `HTTP/1.${draw.below(2)} ${draw.pick([200, 204, 304, 100, 101, 404])} ${draw.pick(['OK', '', 'Not Found'])}\r\n`
    const body = draw.below(3)
    const fields = [...isRequest ? ['Host: a'] : [], ...body === 1 ? ['Content-Length: 5'] : [],
      ...body === 2 ? ['Transfer-Encoding: chunked'] : []]
    for (let n = draw.below(4); n > 0; n--) fields.push(draw.pick(FIELDS))
    stream += `${fields.join('\r\n')}\r\n\r\n`
    if (body === 1) stream += 'hello'
    if (body === 2) stream += `5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\n${draw.below(2) === 0 ? 'Trailer: t\r\n' : ''}\r\n`
  }
  const mode = (isRequest ? 0 : 1) + draw.pick([0, 0, 2, 4, 8, 16, 32, 64, 128, 126])
  return [
    `set p httpParserNew ${mode} ${draw.pick([300, 16384])} ${draw.pick([40, 8192])} ${draw.pick([3, 100])} 1024`,
    ...draw.below(6) === 0 ? ['call httpExpectBodiless $p 1'] : [], ...feeding(draw, stream),
  ]
}

function websocket(draw: Draw): string[] {
  const isServer = draw.below(2) === 0
  let stream = ''
  for (let i = draw.below(6); i >= 0; i--) {
    const payload = draw.below(5) === 0 ? 'h\xc3\xa9llo \xe2\x82\xac' : draw.text(draw.pick([0, 10, 125, 200]))
    const opcode = draw.pick([0x81, 0x82, 0x01, 0x80, 0x89, 0x8a, 0x88, 0xc1, 0x83])
    const key = [draw.below(256), draw.below(256), draw.below(256), draw.below(256)]
    const length = payload.length < 126
      ? String.fromCharCode(payload.length | (isServer ? 128 : 0))
      : String.fromCharCode(126 | (isServer ? 128 : 0), payload.length >> 8, payload.length & 255)
    const masked = [...payload].map((one, at) => String.fromCharCode(one.charCodeAt(0) ^ key[at % 4]!)).join('')
    stream += String.fromCharCode(opcode) + length + (isServer ? String.fromCharCode(...key) + masked : payload)
  }
  return [
    `set p websocketParserNew ${(isServer ? 1 : 0) + draw.pick([0, 2])} ${draw.pick([50, 100000])} ${draw.pick([2, 100])}`,
    ...feeding(draw, stream),
  ]
}

function timers(draw: Draw): string[] {
  const script = [`set w timersNew ${draw.pick([1, 10, 1000])} ${draw.pick([0, 1.5, 1e6])}`]
  let now = 1e6
  for (let i = 0; i < 30; i++) {
    const what = draw.below(6)
    const at = now + draw.pick([0, 0.001, 1, 7.25, 255, 70_000, 1e7]) * draw.below(4)
    if (what < 3) script.push(`set t${i % 8} timerSchedule $w ${at} ${i}`)
    else if (what === 3 && i >= 8) script.push('call timersNext $w')
    else if (what === 4) script.push(`advance $w ${now += draw.pick([0, 0.5, 3, 300, 80_000])}`)
    else if (script.some((line) => line.startsWith('set t0 '))) {
      script.push(draw.below(2) === 0 ? 'call timerCancel $w $t0' : `call timerReschedule $w $t0 ${at}`)
    }
  }
  return [...script, `advance $w ${now + 1e8}`, 'call timersNext $w', 'call timersFree $w']
}

function queues(draw: Draw): string[] {
  const script = ['set q queueNew', `call queueSetSourceBudget $q ${draw.pick([1, 3, 64])}`]
  for (let i = 0; i < 40; i++) {
    if (draw.below(8) === 0) script.push(`drain $q ${draw.pick([1, 5, 100])}`)
    else script.push(`push $q ${i} ${draw.below(5)} ${draw.below(3)}`)
  }
  return [...script, 'call queueSize $q', 'drain $q 1000', 'drain $q 1000', 'call queueFree $q']
}

function random(draw: Draw): string[] {
  const state = [0, 1, 2, 3].map(() => draw.below(2 ** 31))
  return [
    `set r randomNew ${state.join(' ')}`, 'set a randomBlock $r', 'words $a 60', 'call randomBlock $r', 'words $a 60',
    'call randomFree $r',
  ]
}

function digests(draw: Draw): string[] {
  const script = [`set d digestNew ${draw.below(1000)}`]
  for (let i = draw.below(5); i >= 0; i--) {
    const piece = draw.text(draw.pick([3, 16, 64]))
    script.push(`put ${STAGE + draw.below(4)} ${hex(piece)}`, `call digestUpdate $d ${STAGE} ${piece.length}`)
  }
  return [...script, 'set a digestResult $d', 'words $a 4', 'call digestFree $d']
}

function text(draw: Draw): string[] {
  const piece = draw.pick(['plain', 'h\xc3\xa9', '\xe2\x82\xac', '\xf0\x9f\x98\x80', '\xed\xa0\x80', '\xc0\x80', '\xff'])
  const all = draw.text(20) + piece + draw.text(20)
  const cut = draw.below(all.length + 1)
  return [
    `put ${STAGE} ${hex(all)}`, `set s utf8Check ${STAGE} ${cut} 0`,
    `call utf8Check ${STAGE + cut} ${all.length - cut} $s`, `call websocketMask ${STAGE} ${all.length} ${draw.below(2 ** 31)}`,
    `words ${STAGE} 12`,
  ]
}

/** Arguments that make no sense: no call traps. */
function abuse(draw: Draw): string[] {
  const any = (): number => draw.pick([0, 1, -1, 2 ** 31 - 1, -(2 ** 31), STAGE, 1048577, 1024])
  return [
    `call lineParserNew ${any()} ${any()} ${any()}`, `call parserReceive ${any()} ${any()} ${any()} ${any()}`,
    `call netstringParserNew ${any()}`, `call prefixedParserNew ${any()} ${any()}`, `call parserFree ${any()}`,
    `call httpParserNew ${any()} ${any()} ${any()} ${any()} ${any()}`, `call httpSkipBody ${any()} ${any()}`,
    `call websocketParserNew ${any()} ${any()} ${any()}`, `call timersNew ${any()} ${any()}`,
    `call timerSchedule ${any()} ${any()} ${any()}`, `call timersNext ${any()}`, `call queueAccept ${any()} ${any()}`,
    `call digestUpdate ${any()} ${any()} ${any()}`, `call utf8Check ${any()} ${any()} ${any()}`,
  ]
}
