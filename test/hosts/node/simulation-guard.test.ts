/**
 * Node's guard: what simulated code may not reach for is taken away, named, and given back.
 */
import childProcess from 'node:child_process'
import crypto, { randomBytes, randomUUID } from 'node:crypto'
import dgram from 'node:dgram'
import dns from 'node:dns'
import { lookup } from 'node:dns/promises'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net, { createServer } from 'node:net'
import os from 'node:os'
import timers, { setTimeout as moduleTimeout } from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { ambientFunctions } from '../../../bindings/node/simulation-ambient.js'
import { NodeGuard } from '../../../bindings/node/simulation-guard.js'
import { simulate, Simulation } from '../../../bindings/node/testing.js'
import { AmbientAccessError } from '../../../src/errors/index.js'

const guard = new NodeGuard()

afterEach(() => {
  for (let depth = 0; depth < 8; depth++) guard.end()
})

interface Sockets {
  createConnection(options: object): unknown
}

/** What types of Node do not tell of before its newer versions. */
function sockets(agent: unknown): Sockets {
  return agent as Sockets
}

/** Name → what an innocent call of it would be. */
const CALLS: Record<string, () => unknown> = {
  'Date.now': () => Date.now(),
  Date: () => new Date(),
  'performance.now': () => performance.now(),
  'performance.mark': () => performance.mark('here'),
  'process.hrtime': () => process.hrtime(),
  'process.hrtime.bigint': () => process.hrtime.bigint(),
  'process.uptime': () => process.uptime(),
  'os.uptime': () => os.uptime(),
  setTimeout: () => setTimeout(() => undefined, 1),
  setInterval: () => setInterval(() => undefined, 1),
  setImmediate: () => setImmediate(() => undefined),
  'process.nextTick': () => process.nextTick(() => undefined),
  'AbortSignal.timeout': () => AbortSignal.timeout(1),
  'Atomics.wait': () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1),
  MessageChannel: () => new MessageChannel(),
  'Math.random': () => Math.random(),
  'crypto.getRandomValues': () => globalThis.crypto.getRandomValues(new Uint8Array(1)),
  'crypto.randomUUID': () => globalThis.crypto.randomUUID(),
  'crypto.randomBytes': () => crypto.randomBytes(1),
  'crypto.randomInt': () => crypto.randomInt(5),
  'crypto.ECDH.generateKeys': () => crypto.createECDH('secp256k1').generateKeys(),
  'crypto.DiffieHellmanGroup.generateKeys': () => crypto.getDiffieHellman('modp5').generateKeys(),
  'crypto.generateKeyPairSync': () => crypto.generateKeyPairSync('ed25519'),
  'net.connect': () => net.connect(1),
  'net.createServer': () => net.createServer(),
  'net.Socket.connect': () => new net.Socket().connect(1),
  'net.Server.listen': () => net.Server.prototype.listen.call({}, 0),
  'tls.connect': () => tls.connect(1),
  'dgram.createSocket': () => dgram.createSocket('udp4'),
  'dns.lookup': () => dns.lookup('localhost', () => undefined),
  'dns.resolve4': () => dns.resolve4('localhost', () => undefined),
  'http.request': () => http.request('http://localhost'),
  'http.createServer': () => http.createServer(),
  'http.ClientRequest': () => new http.ClientRequest('http://localhost'),
  'http.Agent.createConnection': () => sockets(http.globalAgent).createConnection({ port: 1 }),
  'https.Agent.createConnection': () => sockets(https.globalAgent).createConnection({ port: 1 }),
  'https.get': () => https.get('https://localhost'),
  'http2.connect': () => http2.connect('http://localhost'),
  fetch: () => fetch('http://localhost'),
  'child_process.spawn': () => childProcess.spawn('true'),
  'child_process.execFileSync': () => childProcess.execFileSync('true'),
  'worker_threads.Worker': () => new Worker('', { eval: true }),
}

function errorOf(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}

describe('NodeGuard', () => {
  it.each(Object.entries(CALLS))('names %s, and the host that called it', (name, call) => {
    guard.begin(() => 'mule', [])
    const error = errorOf(call)
    guard.end()
    expect(error).toBeInstanceOf(AmbientAccessError)
    expect(error).toMatchObject({ access: name, host: 'mule', code: 'ERR_SIMULATION_AMBIENT' })
    expect((error as Error).message).toContain('Host \'mule\'')
    expect((error as Error).message).toContain(`allow: ['${name}']`)
  })

  it('reaches what was imported by name', () => {
    guard.begin(() => '', [])
    const errors = [() => randomBytes(1), () => randomUUID(), () => createServer(), () => moduleTimeout(() => 0, 1),
      () => sleep(1), () => lookup('localhost')].map(errorOf)
    guard.end()
    for (const error of errors) expect(error).toBeInstanceOf(AmbientAccessError)
    expect((errors[0] as Error).message).toMatch(/^A simulated program called crypto\.randomBytes\(\)/)
  })

  it('catches a function that was itself handed to a promise or a queue', async () => {
    const caught: string[] = []
    guard.begin(() => 'mule', [], (error) => caught.push(error.access))
    const settled = await Promise.allSettled([Promise.resolve().then(Date.now), Promise.resolve().then(Math.random)])
    guard.end()
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(caught).toEqual(['Date.now', 'Math.random'])
  })

  it('leaves dates of the class that is called Date, and catches who comes to it through one', () => {
    guard.begin(() => 'mule', [])
    const date = new Date(0)
    const { constructor } = date
    const isDate = constructor === Date && Object.getPrototypeOf(date) === Date.prototype
    const error = errorOf(() => new (constructor as DateConstructor)())
    guard.end()
    expect(isDate).toBe(true)
    expect(error).toMatchObject({ access: 'Date', host: 'mule' })
    expect(new Date(0).constructor).toBe(Date)
  })

  it('leaves what is the same in every run', async () => {
    guard.begin(() => 'mule', [])
    try {
      expect(new Date(0).getTime()).toBe(0)
      expect(new Date(86_400_000)).toBeInstanceOf(Date)
      expect(Date.UTC(2000, 0)).toBe(946_684_800_000)
      class Day extends Date {}
      expect(new Day(5)).toBeInstanceOf(Day)
      await new Promise<void>((resolve) => queueMicrotask(resolve))
      expect(Math.max(1, 2)).toBe(2)
      expect(crypto.createHash('sha256').update('a').digest('hex')).toMatch(/^ca978112/)
      clearTimeout(undefined)
    } finally {
      guard.end()
    }
  })

  it('lets the runner and Node work', async () => {
    guard.begin(() => 'mule', [])
    try {
      // Streams of Node use process.nextTick, and the runner takes what is printed.
      console.log('printed in a simulation')
      expect({ deep: [1, { a: 2 }] }).toEqual({ deep: [1, { a: 2 }] })
      await expect(Promise.reject(new Error('x'))).rejects.toThrow('x')
    } finally {
      guard.end()
    }
  })

  it('gives everything back as it was', () => {
    const before = ambientFunctions().map(({ holder, key }) => Object.getOwnPropertyDescriptor(holder, key))
    guard.begin(() => 'mule', [])
    const during = ambientFunctions().map(({ holder, key }) => Object.getOwnPropertyDescriptor(holder, key))
    guard.end()
    const after = ambientFunctions().map(({ holder, key }) => Object.getOwnPropertyDescriptor(holder, key))
    expect(during).toHaveLength(before.length)
    expect(during.filter((one, index) => one?.value === before[index]?.value && one?.get === before[index]?.get))
      .toEqual([])
    for (const [index, one] of after.entries()) {
      expect(one?.value === before[index]?.value && one?.get === before[index]?.get).toBe(true)
    }
    expect(randomBytes).toBe(crypto.randomBytes)
    expect(Date.now()).toBeGreaterThan(0)
    expect(timers.setTimeout).toBe(moduleTimeout)
  })

  it('gives back what was there, and leaves what somebody has put in its place', () => {
    const { random } = Math
    const mine = (): number => 0.5
    Math.random = mine
    try {
      guard.begin(() => '', [])
      expect(() => Math.random()).toThrow(AmbientAccessError)
      guard.end()
      expect(Math.random).toBe(mine)
      guard.begin(() => '', [])
      const other = (): number => 0.25
      Math.random = other
      guard.end()
      expect(Math.random).toBe(other)
    } finally {
      Math.random = random
    }
  })

  it('gives everything back after an error', () => {
    const { now } = Date
    expect(() => {
      guard.begin(() => 'mule', [])
      try {
        setTimeout(() => undefined, 1)
      } finally {
        guard.end()
      }
    }).toThrow(AmbientAccessError)
    expect(Date.now).toBe(now)
  })

  it.each([
    ['by name', ['Math.random']],
    ['by group', ['entropy']],
  ])('allows %s', (_how, allow) => {
    guard.begin(() => 'mule', allow)
    const number = Math.random()
    const other = errorOf(() => Date.now())
    guard.end()
    expect(number).toBeLessThan(1)
    expect(other).toBeInstanceOf(AmbientAccessError)
  })

  it('allows by module', () => {
    guard.begin(() => 'mule', ['node:crypto'])
    const bytes = randomBytes(4)
    guard.end()
    expect(bytes).toHaveLength(4)
    guard.begin(() => 'mule', ['os'])
    const uptime = os.uptime()
    guard.end()
    expect(uptime).toBeGreaterThan(0)
  })

  it('refuses to allow what it does not know, and says what there is', () => {
    const refusal = (allow: unknown): string => {
      try {
        new Simulation({ seed: 1, allow: allow as string[] }).close()
      } catch (error) {
        return String(error)
      }
      return ''
    }
    const slip = refusal(['clock', 'Math.randon'])
    expect(slip).toMatch(/^RangeError: allow: the guard knows no "Math\.randon"\. Is 'Math\.random' meant\? /)
    expect(slip).toMatch(/Groups: clock, timers, entropy, sockets, processes\. Modules: .*\bcrypto\b.*\. Names: /)
    for (const { name } of ambientFunctions()) expect(slip).toContain(name)
    expect(refusal(['crypt0'])).toContain("Is 'crypto' meant?")
    expect(refusal(['node:cryptos'])).toContain("Is 'node:crypto' meant?")
    // Upper case is a slip, too; and what is like nothing gets no guess.
    expect(refusal(['date.now'])).toContain("Is 'Date.now' meant?")
    expect(refusal(['everything'])).toMatch(/knows no "everything"\. Groups/)
    expect(refusal([''])).toMatch(/knows no ""\. Groups/)
    expect(refusal([undefined])).toMatch(/^RangeError/)
    expect(refusal('clock')).toMatch(/^TypeError: allow: a list of names, not clock/)
    // What only other versions of Node have may stand in a list all the same.
    expect(refusal(['clock', 'node:net', 'net', 'EventSource', 'crypto.randomBytes', 'Date'])).toBe('')
  })

  it('refuses it wherever a guard begins, also in a list that was added to, and takes nothing away then', async () => {
    const { now } = Date
    expect(() => guard.begin(() => 'a', ['nothing'])).toThrow(/knows no "nothing"/)
    expect(Date.now).toBe(now)
    const allow = ['clock']
    guard.begin(() => 'a', allow)
    guard.end()
    allow.push('clocks')
    expect(() => guard.begin(() => 'a', allow)).toThrow(/knows no "clocks"\. Is 'clock' meant/)
    await expect(simulate(3, () => undefined, { allow: ['socket'] })).rejects.toThrow(/"socket"\. Is 'sockets' meant/)
    await expect(simulate(3, () => undefined, { allow: ['sockets'] })).resolves.toMatchObject({ seeds: 3 })
  })

  it('with two at once asks the one whose turn it is', () => {
    let turn = ''
    const strict = (): string => turn === 'strict' ? 'strict' : ''
    const lax = (): string => turn === 'lax' ? 'lax' : ''
    const caught: string[] = []
    guard.begin(strict, [], (error) => caught.push(`strict ${error.access}`))
    guard.begin(lax, ['Math.random'], (error) => caught.push(`lax ${error.access}`))
    turn = 'lax'
    expect(Math.random()).toBeLessThan(1)
    turn = 'strict'
    expect(() => Math.random()).toThrow('Host \'strict\'')
    guard.end(strict)
    expect(() => Date.now()).toThrow(AmbientAccessError)
    turn = 'lax'
    expect(() => Date.now()).toThrow('Host \'lax\'')
    guard.end(strict)
    expect(() => Date.now()).toThrow(AmbientAccessError)
    guard.end(lax)
    expect(Date.now()).toBeGreaterThan(0)
    expect(caught).toEqual(['strict Math.random', 'lax Date.now', 'lax Date.now', 'lax Date.now'])
  })

  it('forbids nothing while it is only held', () => {
    const { now } = Date
    const release = guard.hold()
    const held = Date.now
    expect(Date.now()).toBeGreaterThan(0)
    guard.begin(() => 'mule', [])
    expect(() => Date.now()).toThrow(AmbientAccessError)
    guard.end()
    expect(Date.now).toBe(held)
    expect(Date.now()).toBeGreaterThan(0)
    release()
    release()
    expect(Date.now).toBe(now)
  })

  it('tells of what a program swallows', () => {
    const caught: AmbientAccessError[] = []
    guard.begin(() => 'mule', [], (error) => caught.push(error))
    try {
      Date.now()
    } catch {
      // As a program might.
    }
    guard.end()
    expect(caught.map((error) => error.access)).toEqual(['Date.now'])
  })

  it('is known not to see what was kept as a value before', async () => {
    const later = promisify(setTimeout)
    const { now } = Date
    guard.begin(() => 'mule', [])
    const time = now()
    const waiting = later(1)
    guard.end()
    expect(time).toBeGreaterThan(0)
    await expect(waiting).resolves.toBeUndefined()
  })
})
