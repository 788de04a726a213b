/** The echo port of the switchboard with a client that sends first and reads later, over a real connection. */
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { createReactor } from 'whorl'
import type { IAddress } from 'whorl'
import { Echo, EchoFactory } from '../../examples/switchboard/echo.js'
import { ECHO_BACKLOG } from '../../examples/switchboard/limits.js'

/** More than the kernel keeps for a connection, in both directions together. */
const LENGTH = 32 << 20
/** The most that is read at once. */
const READ = 65_536

it('keeps a bounded amount for a client that does not read, and sends every byte once it does', async () => {
  const reactor = createReactor({ installSignalHandlers: false })
  let most = 0
  let stuck!: () => void
  const isStuck = new Promise<void>((resolve) => { stuck = resolve })
  class Watched extends Echo {
    override dataReceived(data: Uint8Array): void {
      super.dataReceived(data)
      most = Math.max(most, this.transport.writableLength)
    }
  }
  const factory = new EchoFactory(reactor)
  factory.buildProtocol = () => {
    const echo = new Watched()
    echo.clock = reactor
    echo.connectionMade = () => {
      const { pauseProducing } = echo.transport
      echo.transport.pauseProducing = () => {
        pauseProducing.call(echo.transport)
        stuck()
      }
    }
    return echo
  }
  const port = reactor.listenTCP(0, factory, { interface: '127.0.0.1' })
  await port.ready
  const client = connect((port.getHost() as IAddress & { port: number }).port, '127.0.0.1')
  client.pause()
  const sent = Buffer.allocUnsafe(LENGTH)
  for (let i = 0; i < LENGTH; i += 4) sent.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i)
  client.end(sent)
  await isStuck
  const received = createHash('sha256')
  let length = 0
  client.on('data', (data) => {
    received.update(data)
    length += data.length
  })
  client.resume()
  await new Promise((resolve) => client.on('close', resolve))
  expect(length).toBe(LENGTH)
  expect(received.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'))
  expect(most).toBeGreaterThan(ECHO_BACKLOG)
  expect(most).toBeLessThanOrEqual(ECHO_BACKLOG + READ)
  await port.drain(5_000)
  reactor.free()
})
