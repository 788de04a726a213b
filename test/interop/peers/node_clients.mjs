/**
 * Clients on plain `node:net`, in a process of their own; forked, and told what to do by messages.
 *
 *   { open, port, from, name }     opens so many connections                             → { opened }
 *   { rounds }                     each sends one line a round, and waits for its answer → { answered }
 *   { close }                      closes all                                            → { closed }
 *   { stream, port, total }        sends so many messages through one connection in the framing `stream`,
 *                                  and compares every answer                             → { answered }
 * Whatever goes wrong is { error }.
 */
import { connect } from 'node:net'
import process from 'node:process'

/** Connections that are being opened at a time: fewer than wait in a server's backlog. */
const AT_ONCE = 200
/** Messages on their way in a stream. */
const WINDOW = 2000

let clients = []

class Client {
  constructor(name, port, from) {
    this.name = name
    this.answer = ''
    this.socket = connect({ port, host: '127.0.0.1', ...(from === undefined ? {} : { localAddress: from }) })
    this.socket.setEncoding('latin1')
    this.opened = new Promise((resolve) => this.socket.once('connect', resolve))
    this.closed = new Promise((resolve) => this.socket.once('close', resolve))
    this.socket.on('error', (error) => fail(`connection ${name}: ${error.message}`))
    this.socket.on('data', (data) => {
      this.answer += data
      if (!this.answer.endsWith('\n')) return
      if (this.answer !== this.expected) fail(`connection ${name}: sent ${this.expected} got ${this.answer}`)
      this.answer = ''
      this.answered()
    })
  }

  ask(round) {
    // Lengths differ, so that an answer that went to another connection cannot pass.
    this.expected = `${this.name} round ${round} ${'x'.repeat((this.name.length * 7 + round * 13) % 100)}\r\n`
    return new Promise((resolve) => {
      this.answered = resolve
      this.socket.write(this.expected)
    })
  }
}

function fail(error) {
  process.send({ error })
}

async function open({ open: count, port, from, name }) {
  for (let at = 0; at < count; at += AT_ONCE) {
    const length = Math.min(AT_ONCE, count - at)
    const some = Array.from({ length }, (_, i) => new Client(`${name}-${at + i}`, port, from))
    clients.push(...some)
    await Promise.all(some.map((client) => client.opened))
  }
  return { opened: clients.length }
}

async function ask({ rounds }) {
  let answered = 0
  for (let round = 0; round < rounds; round++) {
    await Promise.all(clients.map((client) => client.ask(round)))
    answered += clients.length
  }
  return { answered }
}

async function close() {
  const all = clients
  clients = []
  for (const { socket } of all) socket.end()
  await Promise.all(all.map((client) => client.closed))
  return { closed: all.length }
}

function message(i) {
  return `message ${i} `.padEnd(60, 'abcdefghijklmnopqrstuvwxyz')
}

const FRAMINGS = {
  lines: (text) => `${text}\r\n`,
  netstrings: (text) => `${text.length}:${text},`,
  int32: (text) => `\0\0\0${String.fromCharCode(text.length)}${text}`,
}

function stream({ stream: kind, port, total }) {
  const frame = FRAMINGS[kind]
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let sent = 0
    let answered = 0
    let rest = ''
    const send = () => {
      const batch = []
      while (sent < total && sent - answered < WINDOW) batch.push(frame(message(sent++)))
      if (batch.length > 0) socket.write(batch.join(''), 'latin1')
    }
    socket.setEncoding('latin1')
    socket.on('error', (error) => fail(error.message))
    socket.on('connect', send)
    socket.on('data', (data) => {
      rest += data
      let at = 0
      for (;;) {
        const expected = frame(message(answered))
        if (rest.length - at < expected.length) break
        if (!rest.startsWith(expected, at)) return fail(`message ${answered} came back as ${rest.slice(at, at + 80)}`)
        at += expected.length
        answered += 1
      }
      rest = rest.slice(at)
      if (answered === total) socket.end()
      else if (sent - answered < WINDOW / 2) send()
    })
    socket.on('close', () => resolve({ answered, rest }))
  })
}

process.on('message', (order) => {
  const does = 'open' in order ? open : 'rounds' in order ? ask : 'close' in order ? close : stream
  does(order).then((result) => process.send(result), (error) => fail(error.stack))
})
process.on('disconnect', () => process.exit())
