/**
 * A `lengthLimitExceeded` that threw and raised `maxLength` brought a failed parser back to life, in the middle of the
 * refused string: its bytes were taken for prefixes, and delivered.
 */
import { expect, it } from 'vitest'
import { Int8StringReceiver } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'

it('nothing is delivered behind a refused length', () => {
  const got: Uint8Array[] = []
  const strings = new (class extends Int8StringReceiver {
    override maxLength = 2
    override stringReceived(data: Uint8Array): void {
      got.push(data)
    }

    override lengthLimitExceeded(): void {
      this.maxLength = 100
      throw new Error('refused')
    }
  })()
  strings.makeConnection(new StringTransport())
  expect(() => strings.dataReceived(Uint8Array.of(1, 7, 3, 1, 1, 1))).toThrow('refused')
  strings.dataReceived(Uint8Array.of(1, 8))
  expect(got).toEqual([Uint8Array.of(7)])
})
