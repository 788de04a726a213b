/** The check that nothing is left behind can fail: each kind of leftover is planted once, and found by name. */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { clearInterval, setInterval } from 'node:timers'
import { afterEach, describe, expect, it } from 'vitest'
import { later, listen, portOf, rawPeer, reactors, TestFactory } from './helpers.js'
import { checkNothingLeft, Watch } from './left-behind.js'

const PATIENCE = 50

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
    const call = newReactor().callLater(3_600_000, () => undefined)
    expect(await planted(watch)).toMatch(/^delayed call due in 3\d+ ms/)
    call.cancel()
    const other = new Watch({ delayedCalls: false, patience: PATIENCE, ignore: /Timeout/ })
    const second = newReactor().callLater(3_600_000, () => undefined)
    expect(await planted(other)).toBe('')
    second.cancel()
  })

  it('Node\'s own: a server, a datagram socket, a timer, a child', async () => {
    // The runner's own timers are gone after a moment.
    expect(await new Watch().end()).toEqual([])
    const watch = new Watch({ patience: PATIENCE })
    const server = createServer().listen(0, '127.0.0.1')
    const udp = createSocket('udp4')
    const bound = later()
    udp.bind(0, '127.0.0.1', () => bound.resolve())
    await bound.promise
    const timer = setInterval(() => undefined, 3_600_000)
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
})
