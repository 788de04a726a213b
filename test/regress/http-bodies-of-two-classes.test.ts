/**
 * A body that was read whole was a plain Uint8Array when it was short, and one of Node's Buffers when it was long:
 * `String(body)`, `slice` and JSON did one thing in every test and another with the first large upload.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { checkNothingLeft } from '../hosts/node/left-behind.js'
import { reactors } from '../hosts/node/helpers.js'
import { ask, serving } from '../hosts/node/http-lab.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

describe('a body that is read whole', () => {
  it('is of one class, whatever its length', async () => {
    const { port } = await serving(newReactor(), async (request) => {
      const body = await request.read()
      return `${body.length} ${Object.getPrototypeOf(body) === Uint8Array.prototype ? 'plain' : body.constructor.name}`
    })
    for (const length of [0, 5, 5000, 70_000, 200_000, 1_000_000]) {
      const { text } = await ask(port, '/', { method: 'POST', headers: { 'Content-Length': length } }, 'x'.repeat(length))
      expect(text).toBe(`${length} plain`)
    }
  })
})
