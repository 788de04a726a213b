/** Every piece that an asynchronous source ever gave was kept until the body was sent: an endless one had no bounds. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { OutgoingBody } from '../../src/http/outgoing-body.js'
import { StringTransport } from '../../src/testing/string-transport.js'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

it('the pieces of a body are let go once they are written', async () => {
  const pieces: WeakRef<Uint8Array>[] = []
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 100; i++) {
      const piece = new Uint8Array(1000)
      pieces.push(new WeakRef(piece))
      yield await Promise.resolve(piece)
    }
    await new Promise(() => undefined)
  }
  const transport = new StringTransport()
  const body = new OutgoingBody(transport, 'none')
  const piping = body.pipe(source())
  const left = (): number => pieces.filter((piece) => piece.deref() !== undefined).length
  // A WeakRef that was read holds until the turn is over; the last ones may lie on a stack.
  for (let i = 0; i < 100 && (pieces.length < 100 || left() > 5); i++) {
    await new Promise((resolve) => setImmediate(resolve))
    gc()
  }
  expect(pieces).toHaveLength(100)
  expect(left()).toBeLessThanOrEqual(5)
  piping.addErrback(() => undefined)
  piping.cancel()
})
