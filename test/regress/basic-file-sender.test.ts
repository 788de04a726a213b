/**
 * FileSender: an empty piece ended all asking, so that the transfer hung; an error of `transform` behind a promise was
 * an unhandled rejection; a cancelled transfer stayed its consumer's producer, for which `loseConnection` waits.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { FileSender } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'

it('an empty piece is passed over', () => {
  const transport = new StringTransport()
  const sender = new FileSender()
  void sender.beginFileTransfer([new Uint8Array(0), Uint8Array.of(0x61)], transport)
  sender.resumeProducing()
  expect(transport.text()).toBe('a')
})

it('an error of transform behind a promise fails the transfer', async () => {
  const transport = new StringTransport()
  const sender = new FileSender()
  const errors: unknown[] = []
  sender.beginFileTransfer({ read: async () => Uint8Array.of(1) }, transport, () => { throw new Error('transform') })
    .addErrback((failure: { value: Error }) => void errors.push(failure.value.message))
  sender.resumeProducing()
  for (let n = 0; n < 3; n++) await turn()
  expect([errors, transport.producer]).toEqual([['transform'], null])
})

it('a cancelled transfer leaves its consumer', () => {
  const transport = new StringTransport()
  const deferred = new FileSender().beginFileTransfer([Uint8Array.of(1)], transport)
  deferred.addErrback(() => {})
  deferred.cancel()
  expect(transport.producer).toBe(null)
})
