/**
 * A status that is no number, or none of HTTP's, got through where an answer is made fast. As text ("204") it was sent
 * once somebody had answered with the number: then with a length and a body, which a peer takes for the next answer. And
 * the one after a refused status got the head of an earlier answer, with the length of that.
 */
import { describe, expect, it } from 'vitest'
import { collectLog, Lab, settled } from '../unit/http/server-lab.js'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

describe('a status', () => {
  it('that is text is refused, also when somebody has answered with the number before', async () => {
    const logged = collectLog()
    for (const status of ['204', '304', '404']) {
      const lab = new Lab((request, response) => {
        response.status = (request.path === '/text' ? status : Number(status)) as number
        return 'hello'
      }).send(get('/number'), get('/text'), get('/number'))
      await settled()
      expect(lab.responses().map((one) => one.status)).toEqual([Number(status), 500, Number(status)])
      expect(logged().join()).toContain(`not "${status}"`)
    }
  })

  it('that is text is refused in informational(), of which 101 is none', () => {
    new Lab((_request, response) => response.informational(103)).send(get('/'))
    const seen: unknown[] = []
    new Lab((_request, response) => {
      for (const status of ['103', '101']) {
        try {
          response.informational(status as unknown as number)
        } catch (error) {
          seen.push(error)
        }
      }
    }).send(get('/'))
    expect(seen).toEqual([expect.any(RangeError), expect.any(RangeError)])
  })

  it('that was refused is refused again, and leaves nothing behind for the next', () => {
    const errors: unknown[] = []
    const lab = new Lab((request, response) => {
      if (request.path === '/good') return 'a'
      response.status = 1000
      try {
        response.end('longer than a')
      } catch (error) {
        errors.push(error)
        response.status = 200
        void response.write('streamed')
        response.end()
      }
      return undefined
    }).send(get('/good'), get('/bad'), get('/bad'), get('/good'))
    expect(lab.responses().map((one) => one.body)).toEqual(['a', 'streamed', 'streamed', 'a'])
    expect(errors).toEqual([expect.any(RangeError), expect.any(RangeError)])
  })
})
