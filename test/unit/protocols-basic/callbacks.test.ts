import { describe, expect, it } from 'vitest'
import { KINDS, Lines, bytes, connect, drop } from './support.js'

for (const { name, make, frame } of KINDS) {
  const stream = (...payloads: string[]): Uint8Array => bytes(payloads.map(frame).join(''))

  describe(name, () => {
    for (const end of ['loseConnection', 'abortConnection'] as const) {
      it(`B09 after ${end} in a callback nothing more is delivered, from this chunk or later ones`, () => {
        const { protocol, transport } = connect(make())
        protocol.at[1] = () => transport[end]()
        protocol.dataReceived(stream('a', 'b', 'c', 'd'))
        protocol.dataReceived(stream('e'))
        protocol.resumeProducing()
        expect(protocol.got).toEqual(['a', 'b'])
        drop(protocol)
      })

      it(`B09 after ${end} during a pause nothing of what was kept is delivered`, () => {
        const { protocol, transport } = connect(make())
        protocol.at[0] = () => protocol.pauseProducing()
        protocol.dataReceived(stream('a', 'b'))
        transport[end]()
        protocol.pauseProducing()
        protocol.resumeProducing()
        expect(protocol.got).toEqual(['a'])
        drop(protocol)
      })
    }

    it('B11 pauseProducing keeps the rest and pauses the transport; on resume it comes before new bytes', () => {
      const { protocol, transport } = connect(make())
      protocol.at[1] = () => protocol.pauseProducing()
      protocol.dataReceived(stream('a', 'b', 'c', 'd'))
      protocol.dataReceived(stream('e'))
      expect([protocol.got, transport.producerState]).toEqual([['a', 'b'], 'paused'])
      protocol.at[3] = () => expect(transport.producerState).toBe('paused')
      protocol.resumeProducing()
      expect([protocol.got, transport.producerState]).toEqual([['a', 'b', 'c', 'd', 'e'], 'producing'])
      drop(protocol)
    })

    it('B11 pausing again after each one delivers exactly one per resume', () => {
      const { protocol, transport } = connect(make())
      for (let n = 0; n < 6; n++) protocol.at[n] = () => protocol.pauseProducing()
      protocol.dataReceived(stream('a', 'b', 'c', 'd', 'e', 'f'))
      for (let n = 1; n < 6; n++) {
        expect([protocol.got.length, transport.producerState]).toEqual([n, 'paused'])
        protocol.resumeProducing()
      }
      expect(protocol.got).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
      protocol.resumeProducing()
      expect(transport.producerState).toBe('producing')
      drop(protocol)
    })

    it('B11 pausing and resuming in one callback changes nothing', () => {
      const { protocol, transport } = connect(make())
      protocol.at[0] = () => {
        protocol.pauseProducing()
        protocol.resumeProducing()
        expect(protocol.got).toEqual(['a'])
      }
      protocol.dataReceived(stream('a', 'b'))
      expect([protocol.got, transport.producerState]).toEqual([['a', 'b'], 'producing'])
      drop(protocol)
    })

    it('B11 a pause before the first byte holds it back', () => {
      const { protocol, transport } = connect(make())
      protocol.pauseProducing()
      protocol.dataReceived(stream('a'))
      expect([protocol.got, transport.producerState]).toEqual([[], 'paused'])
      protocol.resumeProducing()
      expect(protocol.got).toEqual(['a'])
      drop(protocol)
    })

    it('B12 dataReceived in a callback appends, never nests', () => {
      const { protocol } = connect(make())
      let depth = 0
      protocol.at[0] = () => {
        depth++
        protocol.dataReceived(stream('c', 'd').subarray(0, -1))
        expect(protocol.got).toEqual(['a'])
        depth--
      }
      for (let n = 1; n < 5; n++) protocol.at[n] = () => expect(depth).toBe(0)
      protocol.dataReceived(stream('a', 'b'))
      protocol.dataReceived(stream('c', 'd').subarray(-1))
      expect(protocol.got).toEqual(['a', 'b', 'c', 'd'])
      drop(protocol)
    })

    it('B14 a callback that throws: the error leaves dataReceived, the rest stays, a later call goes on', () => {
      const { protocol } = connect(make())
      const boom = new Error('boom')
      const thrown = (): never => { throw boom }
      protocol.at[1] = protocol.at[2] = thrown
      expect(() => protocol.dataReceived(stream('a', 'b', 'c', 'd'))).toThrow(boom)
      expect(protocol.got).toEqual(['a', 'b'])
      expect(() => protocol.dataReceived(stream('e'))).toThrow(boom)
      expect(protocol.got).toEqual(['a', 'b', 'c'])
      protocol.dataReceived(new Uint8Array(0))
      expect(protocol.got).toEqual(['a', 'b', 'c', 'd', 'e'])
      drop(protocol)
    })

    it('B14 a callback that throws during resumeProducing: the transport reads on all the same', () => {
      const { protocol, transport } = connect(make())
      protocol.at[0] = () => protocol.pauseProducing()
      protocol.at[1] = () => { throw new Error('boom') }
      protocol.dataReceived(stream('a', 'b', 'c'))
      expect(() => protocol.resumeProducing()).toThrow('boom')
      expect(transport.producerState).toBe('producing')
      protocol.dataReceived(stream('d'))
      expect(protocol.got).toEqual(['a', 'b', 'c', 'd'])
      drop(protocol)
    })

    it('connectionLost in a callback ends delivery, and what is asked of the protocol afterwards is harmless', () => {
      const { protocol } = connect(make())
      protocol.at[0] = () => {
        drop(protocol)
        protocol.maxLength = 7
      }
      protocol.dataReceived(stream('a', 'b'))
      protocol.dataReceived(stream('c'))
      protocol.pauseProducing()
      protocol.resumeProducing()
      drop(protocol)
      expect(protocol.got).toEqual(['a'])
    })

    it('stopProducing delivers nothing more, and stops the transport', () => {
      const { protocol, transport } = connect(make())
      protocol.at[0] = () => protocol.stopProducing()
      protocol.dataReceived(stream('a', 'b'))
      protocol.dataReceived(stream('c'))
      expect([protocol.got, transport.producerState]).toEqual([['a'], 'stopped'])
      drop(protocol)
    })

    it('a setting changed during a pause holds for what the pause kept', () => {
      const { protocol, transport } = connect(make())
      protocol.at[0] = () => protocol.pauseProducing()
      protocol.dataReceived(stream('a', 'bb', 'ccc', 'dd'))
      protocol.maxLength = 2
      protocol.resumeProducing()
      expect(protocol.got.slice(0, 2)).toEqual(['a', 'bb'])
      expect(protocol.got).not.toContain('ccc')
      expect(transport.disconnecting).toBe(true)
      drop(protocol)
    })
  })
}

describe('LineReceiver', () => {
  it('B09 neither setRawMode nor setLineMode delivers anything once the connection is being closed', () => {
    const { protocol, transport } = connect(new Lines())
    protocol.dataReceived(bytes('half'))
    transport.loseConnection()
    protocol.setRawMode()
    protocol.setLineMode(bytes('line\r\n'))
    expect(protocol.got).toEqual([])
    drop(protocol)
  })
})
