/**
 * The client of the HTTP and WebSocket servers, one for all of them: raw `node:net`. It sends the same bytes again and
 * again and counts what comes back. In a rehearsal it takes every answer apart and compares it with what it has to be;
 * from then on it knows how long one is, and looks at its first and its last bytes.
 */
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Question } from './control.js'
import { answerQuestions } from './control.js'
import { FILE, HELLO, messageText, MIB, pattern, uploadAnswer } from './http-places.js'
import type { Exchange, Messages } from './http-places.js'
import type { Target } from './places.js'

const WAVE = 100
/** As long as no answer came on any connection, ms: none will. */
const STALLED = 10_000
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const MASK = [0x37, 0xfa, 0x21, 0x3d]
const EMPTY_BLOCK = Buffer.from([0, 0, 0xff, 0xff])
const OFFERS: Readonly<Record<Messages['compression'], string>> = {
  plain: '',
  forgetting: 'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  browser: 'permessage-deflate; client_max_window_bits',
}

/** What is exchanged: the bytes of a batch, and who knows the answers. */
interface Plan {
  readonly request: Buffer
  readonly batch: number
  /** Where the first answer in these bytes ends, -1 if that is not here yet. @throws for a wrong one */
  readonly check: (answer: Buffer) => number
  /**
   * Whether answers are frames whose length may vary: when zlib's buffer is full just where a message ends, an empty
   * block follows (once in some 800 messages), and what did not get shorter by it may come as it is.
   */
  readonly varies?: boolean
}

interface Link {
  readonly socket: Socket
  /** Of the one buffer that all links read into: to be used before this returns. */
  take: (buffer: Buffer, length: number) => void
  lost: (error: Error) => void
  /** Whether answers are due, and how many bytes of them have come. */
  isAsking: boolean
  have: number
  /** Where the answer ends that has begun. */
  due: number
}

interface Group {
  readonly links: Link[]
  readonly plan: Plan
  /** Length of one answer, its first bytes and its last one, once they are known. */
  length: number
  start: Buffer
  last: number
}

const groups = new Map<string, Group>()
/** The loop reads one socket at a time. */
const reading = Buffer.alloc(65_536)

// --- what is sent, and what has to come back

function planOf(what: Exchange): Plan {
  if (what.kind === 'websocket') {
    const payload = Buffer.from(messageText(what.size))
    const check: Plan['check'] = (answer) => checkMessage(answer, what, payload)
    return { request: frameOf(what, payload), batch: 1, check, varies: what.compression !== 'plain' }
  }
  const head = `${what.path === '/upload' ? 'POST' : 'GET'} ${what.path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n`
  if (what.path === '/upload') {
    const body = pattern(MIB)
    const request = Buffer.concat([Buffer.from(`${head}Content-Length: ${MIB}\r\n\r\n`), body])
    return { request, batch: 1, check: checkResponse(Buffer.from(uploadAnswer(body))) }
  }
  const request = Buffer.from(`${head}\r\n`.repeat(what.batch))
  const body = what.path === `/${FILE}` ? pattern(MIB) : Buffer.from(HELLO)
  return { request, batch: what.batch, check: checkResponse(body) }
}

function checkResponse(body: Buffer): Plan['check'] {
  return (answer) => {
    const end = answer.indexOf('\r\n\r\n')
    if (end < 0) return -1
    const head = answer.toString('latin1', 0, end)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? NaN)
    if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`not what was asked for: ${head}`)
    if (length !== body.length) throw new Error(`the body is to be ${body.length} bytes long: ${head}`)
    if (answer.length < end + 4 + length) return -1
    if (!answer.subarray(end + 4, end + 4 + length).equals(body)) throw new Error('the body is another one')
    return end + 4 + length
  }
}

function frameOf({ type, compression }: Messages, payload: Buffer): Buffer {
  const data = compression === 'plain'
    ? payload
    : deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -EMPTY_BLOCK.length)
  const { length } = data
  const head = [(type === 'text' ? 0x81 : 0x82) | (compression === 'plain' ? 0 : 0x40)]
  if (length < 126) head.push(0x80 | length)
  else if (length < 65_536) head.push(0x80 | 126, length >> 8, length & 255)
  else head.push(0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255)
  return Buffer.concat([Buffer.from([...head, ...MASK]), data.map((byte, i) => byte ^ MASK[i & 3])])
}

function checkMessage(answer: Buffer, { type, compression }: Messages, payload: Buffer): number {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    if (answer.length < at + 10) return -1
    const first = answer[at]
    const opcode = at === 0 ? (type === 'text' ? 1 : 2) | (compression === 'plain' ? 0 : 0x40) : 0
    if ((first & 0x3f) !== (opcode & 0x3f) || (compression === 'plain' && (first & 0x40) !== 0)) throw new Error(`an unexpected frame begins with ${first}`)
    let length = answer[at + 1]
    at += 2
    if (length === 126) {
      length = answer.readUInt16BE(at)
      at += 2
    } else if (length === 127) {
      length = Number(answer.readBigUInt64BE(at))
      at += 8
    }
    if (answer.length < at + length) return -1
    parts.push(answer.subarray(at, at += length))
    if ((first & 0x80) !== 0) break
  }
  const data = Buffer.concat(parts)
  const message = (answer[0] & 0x40) === 0
    ? data
    : inflateRawSync(Buffer.concat([data, EMPTY_BLOCK]), { finishFlush: constants.Z_SYNC_FLUSH })
  if (!message.equals(payload)) throw new Error('the echo is not what was sent')
  return at
}

// --- connections

function open(port: number, what: Exchange): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port, host: '127.0.0.1', noDelay: true,
      onread: {
        buffer: reading,
        callback: (length) => {
          link.take(reading, length)
          return true
        },
      },
    })
    const link: Link = { socket, take: () => undefined, lost: reject, isAsking: false, have: 0, due: 0 }
    socket.on('error', (error) => link.lost(error))
    socket.on('close', () => link.lost(new Error('the server has closed a connection')))
    socket.once('connect', () => {
      if (what.kind === 'http') resolve(link)
      else handshake(link, what).then(() => resolve(link), reject)
    })
  })
}

function handshake(link: Link, { compression }: Messages): Promise<void> {
  const offer = OFFERS[compression]
  return new Promise((resolve, reject) => {
    let head = ''
    link.take = (buffer, length) => {
      head += buffer.toString('latin1', 0, length)
      if (!head.endsWith('\r\n\r\n')) return
      link.take = () => undefined
      const accept = createHash('sha1').update(KEY + GUID).digest('base64')
      const isCompressed = head.toLowerCase().includes('permessage-deflate')
      if (head.startsWith('HTTP/1.1 101 ') && head.includes(accept) && isCompressed === (offer !== '')) resolve()
      else reject(new Error(`no WebSocket: ${head}`))
    }
    link.socket.write('GET /echo HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n` +
      `${offer === '' ? '' : `Sec-WebSocket-Extensions: ${offer}\r\n`}\r\n`)
  })
}

async function openGroup(target: Target, count: number, what: Exchange): Promise<object> {
  if (target.kind !== 'tcp') throw new Error('this client knows TCP only')
  const key = JSON.stringify(target)
  const group = groups.get(key) ?? { links: [], plan: planOf(what), length: 0, start: reading.subarray(0, 0), last: 0 }
  groups.set(key, group)
  const { links } = group
  while (links.length < count) {
    const wave = Array.from({ length: Math.min(WAVE, count - links.length) }, () => open(target.port, what))
    links.push(...await Promise.all(wave))
  }
  return { open: links.length }
}

async function closeGroup(target: Target): Promise<object> {
  const key = JSON.stringify(target)
  const links = groups.get(key)?.links ?? []
  groups.delete(key)
  await Promise.all(links.map((link) => new Promise<void>((resolve) => {
    link.lost = () => resolve()
    if (link.socket.closed) resolve()
    link.socket.destroy()
  })))
  return { closed: links.length }
}

// --- exchanges

/** Each connection sends its next batch when the last one is answered, until `count` are answered over all. */
async function exchange(
  group: Group, count: number, batchOf: (link: Link, answered: () => void, wrong: Wrong) => void,
): Promise<object> {
  const { links, plan } = group
  const batches = Math.ceil(count / plan.batch)
  let left = batches
  let waiting = batches
  let seen = batches
  let timer: NodeJS.Timeout | undefined
  const answers = new Promise<object>((resolve, reject) => {
    timer = setInterval(() => {
      if (waiting === seen) reject(new Error(missing(group, batches - waiting, batches)))
      seen = waiting
    }, STALLED)
    for (const link of links) {
      // Between two runs nobody listens: a server that has closed it meanwhile would never answer.
      if (link.socket.destroyed) return reject(new Error('the server has closed a connection between two runs'))
      link.lost = reject
      link.have = 0
      const next = (): void => {
        link.isAsking = left-- > 0
        if (link.isAsking) link.socket.write(plan.request)
      }
      batchOf(link, () => {
        if (--waiting === 0) resolve({ check: count })
        else next()
      }, reject)
      next()
    }
  })
  return await answers.finally(() => clearInterval(timer))
}

/** What is still waited for, in words. */
function missing({ links, length, plan }: Group, came: number, batches: number): string {
  const asking = links.filter((link) => link.isAsking)
  const have = [...new Set(asking.map((link) => link.have))].slice(0, 4).join(', ')
  const size = length === 0 ? 'as many as it takes' : length * plan.batch
  return `no answer for ${STALLED / 1000} s, behind ${came} of ${batches}: ` +
    `${asking.length} connections have ${have} bytes of ${size}`
}

type Wrong = (error: Error) => void

/** Takes answers apart. */
function rehearse(group: Group, count: number): Promise<object> {
  const { plan } = group
  return exchange(group, count, (link, answered, wrong) => {
    let parts: Buffer[] = []
    let due = 0
    let answers = 0
    const look = (): void => {
      let rest = Buffer.concat(parts)
      while (rest.length > 0) {
        const length = plan.check(rest)
        if (length < 0) break
        learn(group, rest, length)
        rest = rest.subarray(length)
        answers++
      }
      parts = [rest]
      link.have = rest.length
      due = plan.varies === true ? 0 : group.length
      if (answers < plan.batch) return
      if (rest.length > 0) throw new Error('more comes than was asked for')
      answers = 0
      answered()
    }
    link.take = (buffer, length) => {
      parts.push(Buffer.from(buffer.subarray(0, length)))
      link.have += length
      try {
        if (link.have >= due) look()
      } catch (error) {
        wrong(error as Error)
      }
    }
  })
}

function learn(group: Group, answer: Buffer, length: number): void {
  if (group.length === 0) {
    group.length = length
    group.start = Buffer.from(answer.subarray(0, Math.min(12, length)))
    group.last = answer[length - 1]
  } else if (group.length !== length && group.plan.varies !== true) {
    throw new Error(`answers are ${group.length} bytes long, and ${length}`)
  }
}

function endOfFrame(frame: Buffer): number {
  const short = frame[1]
  return short < 126 ? 2 + short : short === 126 ? 4 + frame.readUInt16BE(2) : 10 + Number(frame.readBigUInt64BE(2))
}

/** Counts bytes. */
function count(group: Group, total: number): Promise<object> {
  const { start, last } = group
  const size = group.length * group.plan.batch
  const begin = start[start.length - 1]
  const isFrame = (buffer: Buffer): boolean => (buffer[0] & 0xbf) === (start[0] & 0xbf)
  if (group.plan.varies === true) {
    return exchange(group, total, (link, answered, wrong) => {
      link.take = (buffer, length) => {
        if (link.have === 0) link.due = length < 4 || !isFrame(buffer) ? 0 : endOfFrame(buffer)
        const have = link.have += length
        if (have > link.due) return wrong(new Error('an answer is no frame as it was'))
        if (have < link.due) return
        link.have = 0
        answered()
      }
    })
  }
  return exchange(group, total, (link, answered, wrong) => {
    link.take = (buffer, length) => {
      const isWrong = link.have === 0 &&
        (buffer[0] !== start[0] || (length >= start.length && buffer[start.length - 1] !== begin))
      const have = link.have += length
      if (isWrong || have > size) return wrong(new Error('an answer is not what it was'))
      if (have < size) return
      if (buffer[length - 1] !== last) return wrong(new Error('an answer does not end as it did'))
      link.have = 0
      answered()
    }
  })
}

answerQuestions((question: Question) => {
  const target = question.target as Target
  switch (question.do) {
    case 'open': return openGroup(target, Number(question.count), question.what as Exchange)
    case 'close': return closeGroup(target)
    case 'exchange': {
      const group = groups.get(JSON.stringify(target))
      if (group === undefined) throw new Error('nothing is open')
      return question.thorough === true ? rehearse(group, Number(question.count)) : count(group, Number(question.count))
    }
    default: throw new Error(`no such task: ${question.do}`)
  }
})
