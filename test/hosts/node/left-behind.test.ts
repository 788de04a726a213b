/** The check that nothing is left behind can fail: each kind of leftover is planted once, and found by name. */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import process from 'node:process'
import timers, { clearInterval, setImmediate as soon, setInterval as every, setTimeout as after } from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { later, listen, portOf, rawPeer, reactors, TestFactory } from './helpers.js'
import { checkNothingLeft, timersInTheEnd, Watch } from './left-behind.js'

const PATIENCE = 50
const HOUR = 3_600_000
const nothing = (): void => undefined

describe('what is left behind', () => {
  checkNothingLeft()
  const newReactor = reactors(afterEach)

  const planted = async (watch: Watch): Promise<string> => (await watch.end()).join('; ')

  it('nothing, after a test that left nothing', async () => {
    const watch = new Watch()
    const reactor = newReactor()
    const factory = new TestFactory()
    const port = await listen(reactor, factory)
    const peer = await rawPeer(portOf(port))
    const server = await factory.first
    reactor.callLater(1, () => server.transport.loseConnection())
    await peer.closed
    await port.stopListening()
    expect(await watch.end()).toEqual([])
  })

  it('a port', async () => {
    const watch = new Watch({ patience: PATIENCE })
    const port = await listen(newReactor(), new TestFactory())
    const found = await planted(watch)
    expect(found).toContain(`StreamPort 127.0.0.1:${portOf(port)}`)
    expect(found).toMatch(/1 more TCP\w+ of Node/)
  })

  it('a connection', async () => {
    const watch = new Watch({ patience: PATIENCE })
    const reactor = newReactor()
    const factory = new TestFactory()
    const port = await listen(reactor, factory)
    const { socket } = await rawPeer(portOf(port))
    await factory.first
    await port.stopListening()
    expect(await planted(watch)).toMatch(/^connection 1 \(Recorder\) from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+; (?:.*; )?2 more TCP/)
    socket.destroy()
  })

  it('an attempt to connect', async () => {
    const watch = new Watch({ patience: 0 })
    const reactor = newReactor()
    const factory = new TestFactory()
    const connector = reactor.connectTCP('127.0.0.1', 1, factory)
    // Its end comes with a host event at the earliest.
    expect(watch.left().join()).toContain('StreamConnector to 127.0.0.1:1')
    connector.stopConnecting()
    await factory.failed
    await watch.end()
  })

  it('a delayed call, unless they are left out', async () => {
    const watch = new Watch({ patience: PATIENCE })
    const call = newReactor().callLater(HOUR, nothing)
    expect(await planted(watch)).toMatch(/^delayed call due in 3\d+ ms/)
    call.cancel()
    const other = new Watch({ delayedCalls: false, patience: PATIENCE, ignore: /Timeout/ })
    const second = newReactor().callLater(HOUR, nothing)
    expect(await planted(other)).toBe('')
    second.cancel()
  })

  it('Node\'s own: a server, a datagram socket, a timer, a child', async () => {
    const watch = new Watch({ patience: PATIENCE })
    const server = createServer().listen(0, '127.0.0.1')
    const udp = createSocket('udp4')
    const bound = later()
    udp.bind(0, '127.0.0.1', () => bound.resolve())
    await bound.promise
    const timer = every(nothing, HOUR)
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'ignore' })
    const found = await planted(watch)
    for (const kind of ['TCPS', 'UDP', 'Timeout', 'Process']) expect(found).toMatch(new RegExp(`[1-9] more ${kind}\\w* of`, 'i'))
    server.close()
    udp.close()
    clearInterval(timer)
    const ended = later()
    child.on('close', () => ended.resolve())
    child.kill('SIGKILL')
    await ended.promise
  })

  it.each([
    ['setTimeout', () => setTimeout(nothing, HOUR)], ['setInterval', () => setInterval(nothing, HOUR)],
    ['setTimeout of node:timers', () => after(nothing, HOUR)],
    ['setInterval of node:timers', () => every(nothing, HOUR)],
    ['setTimeout of the module', () => timers.setTimeout(nothing, HOUR)],
    ['a timer that starts itself again', () => {
      const timer = setTimeout(() => timer.refresh(), 1)
      return timer
    }],
    ['a timer that another one starts', () => {
      let timer = setTimeout(() => (timer = setTimeout(nothing, HOUR)), 1)
      return { [Symbol.toPrimitive]: () => timer[Symbol.toPrimitive]() }
    }],
    ['a timer that counts again', () => setTimeout(nothing, HOUR).unref().ref()],
  ] as [string, () => NodeJS.Timeout][])('%s', async (_, start) => {
    const watch = new Watch({ patience: PATIENCE })
    const timer = start()
    expect(await watch.end()).toEqual(['1 more Timeout of Node'])
    clearInterval(+timer)
    expect(watch.left()).toEqual([])
  })

  it('no timer that has run, was taken away, or keeps nothing alive', async () => {
    const watch = new Watch({ patience: 0 })
    await new Promise<void>((resolve) => void setTimeout(resolve, 1))
    await promisify(setTimeout)(1)
    clearTimeout(setTimeout(nothing, HOUR))
    clearInterval(every(nothing, HOUR))
    const idle = after(nothing, HOUR).unref()
    expect(await watch.end()).toEqual([])
    clearTimeout(idle)
  })

  it('no timer of others meanwhile; in the end all of them', async () => {
    const before = new Watch({ patience: 0 })
    const earlier = setTimeout(nothing, HOUR)
    expect(before.left()).toEqual(['1 more Timeout of Node'])
    const watch = new Watch({ patience: 0 })
    // Started as nobody sees, like the runner's.
    const asleep = new AbortController()
    const slept = sleep(HOUR, undefined, { signal: asleep.signal }).catch((error: Error) => error.name)
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeGreaterThanOrEqual(2)
    expect(await watch.end()).toEqual([])
    clearTimeout(earlier)
    // By now the runner's have passed.
    expect(await timersInTheEnd({ patience: 500 })).toBe(1)
    asleep.abort()
    expect(await slept).toBe('AbortError')
    expect(await timersInTheEnd()).toBe(0)
  })

  it('as many timers as there are, of very many', async () => {
    const watch = new Watch({ patience: 0 })
    const many = Array.from({ length: 5000 }, (_, i) => setTimeout(nothing, HOUR + i))
    for (const timer of many.slice(7)) clearTimeout(timer)
    expect(await watch.end()).toEqual(['7 more Timeout of Node'])
    for (const timer of many) clearTimeout(timer)
    await new Promise<void>((resolve) => void soon(resolve))
    expect(watch.left()).toEqual([])
  })
})
