/**
 * The client of the echo and idle subjects, one for all servers: raw `node:net`, in a process of its own. It opens
 * groups of connections, keeps them open between runs, and compares what comes back with what it sent.
 */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { Question } from './control.js'
import { answerQuestions } from './control.js'

const WAVE = 200

interface Link {
  readonly socket: Socket
  take: (data: Buffer) => void
}

const groups = new Map<number, Link[]>()

function open(port: number): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const link: Link = { socket, take: () => undefined }
    socket.once('connect', () => resolve(link))
    socket.on('error', reject)
    socket.on('data', (data: Buffer) => link.take(data))
  })
}

async function openGroup(port: number, count: number): Promise<object> {
  const links = groups.get(port) ?? []
  groups.set(port, links)
  while (links.length < count) {
    const wave = Array.from({ length: Math.min(WAVE, count - links.length) }, () => open(port))
    links.push(...await Promise.all(wave))
  }
  return { open: links.length }
}

async function closeGroup(port: number): Promise<object> {
  const links = groups.get(port) ?? []
  groups.delete(port)
  await Promise.all(links.map(({ socket }) => new Promise((resolve) => {
    socket.once('close', resolve)
    socket.destroy()
  })))
  return { closed: links.length }
}

/** A message whose bytes all depend on their place, so that a lost or repeated byte shows. */
function pattern(size: number): Buffer {
  const message = Buffer.alloc(size)
  let seed = 12345
  for (let i = 0; i < size; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    message[i] = seed >>> 16
  }
  return message
}

/** Every connection sends its next message when the last one is back: `count` messages over all of them. */
function pingPong(links: readonly Link[], size: number, count: number, thorough: boolean): Promise<object> {
  const message = pattern(size)
  let left = count
  let done = 0
  return new Promise((resolve, reject) => {
    for (const link of links) {
      let have = 0
      link.take = (data) => {
        if (data[0] !== message[have] || (thorough && !message.subarray(have, have + data.length).equals(data))) {
          return reject(new Error('the echo is not what was sent'))
        }
        have += data.length
        if (have < size) return
        have = 0
        if (++done === count) return resolve({ check: count })
        if (left-- > 0) link.socket.write(message)
      }
    }
    for (const link of links) if (left-- > 0) link.socket.write(message)
  })
}

/** One connection, with up to `window` messages on their way. */
function stream(link: Link, size: number, count: number, window: number, thorough: boolean): Promise<object> {
  const message = pattern(size)
  const total = size * count
  let sent = 0
  let received = 0
  const fill = (): void => {
    while (sent < count && sent * size - received <= (window - 1) * size) {
      sent++
      link.socket.write(message)
    }
  }
  return new Promise((resolve, reject) => {
    link.take = (data) => {
      const at = received % size
      received += data.length
      const last = (received - 1) % size
      if (data[0] !== message[at] || data[data.length - 1] !== message[last] ||
        (thorough && at <= last && !message.subarray(at, last + 1).equals(data))) {
        return reject(new Error('the echo is not what was sent'))
      }
      if (received === total) return resolve({ check: count })
      fill()
    }
    fill()
  })
}

answerQuestions((question: Question) => {
  const port = Number(question.port)
  const links = groups.get(port) ?? []
  const [size, count, window] = [Number(question.size), Number(question.count), Number(question.window)]
  switch (question.do) {
    case 'open': return openGroup(port, count)
    case 'close': return closeGroup(port)
    case 'ping': return pingPong(links, size, count, question.thorough === true)
    case 'stream': return stream(links[0], size, count, window, question.thorough === true)
    default: throw new Error(`no such task: ${question.do}`)
  }
})
