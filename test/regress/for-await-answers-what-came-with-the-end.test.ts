/**
 * A loop over a transport that takes its time over a piece lost its answer when the peer had closed its side meanwhile:
 * the connection was closed as soon as the end came, not when the loop came to it.
 */
import { connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { StreamTransport } from '../../src/transports/index.js'
import { checkNothingLeft } from '../hosts/node/left-behind.js'
import { later, listen, portOf, reactors, TestFactory } from '../hosts/node/helpers.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

it.each([true, false])('what came before the end is answered, and so is the end (loop is waiting at the end: %s)', async (waits) => {
  const factory = new TestFactory()
  const port = portOf(await listen(newReactor(), factory))
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let answer = ''
  const ended = later()
  socket.on('data', (data) => (answer += data.toString()))
  socket.on('end', () => ended.resolve())
  const server = await factory.first
  const transport = server.transport as unknown as StreamTransport
  const answering = (async () => {
    for await (const piece of transport) {
      // Until the end has come, or not at all.
      const received = new TextDecoder().decode(piece)
      if (!waits) for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
      transport.write(`<${received}>`)
      if (waits) socket.end()
    }
    transport.write('bye')
  })()
  if (waits) socket.write('question')
  else socket.end('question')
  await ended.promise
  await answering
  expect(answer).toBe('<question>bye')
  expect((await server.lost).value.name).toBe('ConnectionDone')
  socket.destroy()
})
