/**
 * The client of the subjects with connections, one for all servers: raw `node:net`, `node:tls` and `node:dgram`, in a
 * process of its own. It opens groups of connections, keeps them open between runs, and compares what comes back with
 * what it sent.
 */
import { createSocket } from 'node:dgram'
import type { Socket as DatagramSocket } from 'node:dgram'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { connect as connectTLS } from 'node:tls'
import type { Question } from './control.js'
import { answerQuestions } from './control.js'
import type { Target } from './places.js'

const WAVE = 200

interface Link {
  readonly socket: Socket
  take: (data: Buffer) => void
}

interface Group {
  readonly links: Link[]
  readonly sockets: DatagramSocket[]
}

const groups = new Map<string, Group>()

function open(target: Target): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = target.kind === 'tls'
      ? connectTLS({ port: target.port, host: '127.0.0.1', rejectUnauthorized: false })
      : target.kind === 'unix'
        ? connect({ path: target.path })
        : connect({ port: target.port, host: '127.0.0.1' })
    const link: Link = { socket, take: () => undefined }
    socket.once(target.kind === 'tls' ? 'secureConnect' : 'connect', () => resolve(link))
    socket.on('error', reject)
    socket.on('data', (data: Buffer) => link.take(data))
  })
}

function openDatagrams(port: number): Promise<DatagramSocket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.on('error', reject)
    socket.bind(0, '127.0.0.1', () => socket.connect(port, '127.0.0.1', () => resolve(socket)))
  })
}

async function openGroup(target: Target, count: number): Promise<object> {
  const group = groupOf(target)
  if (target.kind === 'udp') {
    while (group.sockets.length < count) group.sockets.push(await openDatagrams(target.port))
    return { open: group.sockets.length }
  }
  const { links } = group
  while (links.length < count) {
    const wave = Array.from({ length: Math.min(WAVE, count - links.length) }, () => open(target))
    links.push(...await Promise.all(wave))
  }
  return { open: links.length }
}

async function closeGroup(target: Target): Promise<object> {
  const { links, sockets } = groupOf(target)
  groups.delete(JSON.stringify(target))
  for (const socket of sockets) socket.close()
  await Promise.all(links.map(({ socket }) => new Promise((resolve) => {
    socket.once('close', resolve)
    socket.destroy()
  })))
  return { closed: links.length }
}

function groupOf(target: Target): Group {
  const key = JSON.stringify(target)
  const group = groups.get(key) ?? { links: [], sockets: [] }
  groups.set(key, group)
  return group
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

/** Datagrams, `window` of them on their way on each socket; a lost one is sent again, and counted. */
function datagrams(sockets: readonly DatagramSocket[], size: number, count: number, window: number): Promise<object> {
  const message = pattern(size)
  let left = count
  let done = 0
  let lost = 0
  return new Promise((resolve, reject) => {
    let last = 0
    const send = (socket: DatagramSocket): void => { if (left-- > 0) socket.send(message) }
    const watch = setInterval(() => {
      if (done !== last) {
        last = done
        return
      }
      lost += window * sockets.length
      left += count - done
      for (const socket of sockets) for (let i = 0; i < window; i++) send(socket)
    }, 500)
    for (const socket of sockets) {
      socket.removeAllListeners('message')
      socket.on('message', (data) => {
        if (data.length !== size || data[size - 1] !== message[size - 1]) return reject(new Error('not what was sent'))
        if (++done === count) {
          clearInterval(watch)
          return resolve({ check: count, lost })
        }
        send(socket)
      })
      for (let i = 0; i < window; i++) send(socket)
    }
  })
}

/** Connections one after the other, `window` at a time: opened, one byte echoed, closed. */
async function comeAndGo(target: Target, count: number, window: number): Promise<object> {
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const { socket } = await open(target)
      await new Promise<void>((resolve) => {
        socket.once('data', () => socket.end())
        socket.once('close', () => resolve())
        socket.write('x')
      })
    }
  }
  await Promise.all(Array.from({ length: window }, worker))
  return { check: count }
}

answerQuestions((question: Question) => {
  const target = question.target as Target
  const { links, sockets } = groupOf(target)
  const [size, count, window] = [Number(question.size), Number(question.count), Number(question.window)]
  switch (question.do) {
    case 'open': return openGroup(target, count)
    case 'close': return closeGroup(target)
    case 'ping': return pingPong(links, size, count, question.thorough === true)
    case 'stream': return stream(links[0], size, count, window, question.thorough === true)
    case 'datagrams': return datagrams(sockets, size, count, window)
    case 'come-and-go': return comeAndGo(target, count, window)
    default: throw new Error(`no such task: ${question.do}`)
  }
})
