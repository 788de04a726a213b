/** Aborting a transport's WritableStream waited for the write under way, for ever if the peer did not read. */
import { afterEach, expect, it } from 'vitest'
import type { StreamTransport } from '../../src/transports/index.js'
import { checkNothingLeft } from '../hosts/node/left-behind.js'
import { pair, reactors } from '../hosts/node/helpers.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

it('the connection is aborted at once, with the reason as the cause', async () => {
  const { client, server } = await pair(newReactor())
  client.transport.pauseProducing()
  const writer = (server.transport as unknown as StreamTransport).writable.getWriter()
  writer.closed.catch(() => undefined)
  writer.ready.catch(() => undefined)
  const writing = writer.write(new Uint8Array(32 << 20)).then(() => 'written', (error: Error) => error.name)
  await new Promise((resolve) => setImmediate(resolve))
  await writer.abort(new Error('enough'))
  expect(await writing).toBe('ConnectionAborted')
  expect((await server.lost).value).toMatchObject({ name: 'ConnectionAborted', cause: { message: 'enough' } })
  client.transport.abortConnection()
  await client.lost
})
