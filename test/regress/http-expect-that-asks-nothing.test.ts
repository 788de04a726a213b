/**
 * Two expectations that ask for nothing were taken for ones that do: one of HTTP/1.0, whose clients know no status
 * below 200 and would take 100 for the answer (RFC 9110, 10.1.1 and 15.2), was told to go on; and one with an empty
 * body cost the connection, although there is nothing that could follow.
 */
import { describe, expect, it } from 'vitest'
import { echo, Lab, settled } from '../unit/http/server-lab.js'

const expecting = (version: string, length: number): string => `POST / HTTP/${version}\r\nHost: a\r\n`
  + `Connection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

describe('Expect: 100-continue', () => {
  it('of HTTP/1.0 is as if it were not there', async () => {
    const lab = new Lab(echo).send(expecting('1.0', 5))
    await settled()
    expect(lab.text).toBe('')
    lab.send('hello', GET)
    await settled()
    expect(lab.responses().map((one) => [one.status, one.body])).toEqual([[200, 'POST / hello'], [200, 'GET / ']])
    const answered = new Lab(() => 'unread').send(expecting('1.0', 5), 'hello', GET)
    expect(answered.responses().map((one) => one.body)).toEqual(['unread', 'unread'])
  })

  it('of HTTP/1.1 is answered when the body is asked for', async () => {
    const lab = new Lab(echo).send(expecting('1.1', 5))
    await settled()
    expect(lab.responses().map((one) => one.status)).toEqual([100])
  })

  it('with an empty body does not end the connection', async () => {
    const lab = new Lab(() => 'fine').send(expecting('1.1', 0), GET)
    await settled()
    expect(lab.responses().map((one) => [one.status, one.body])).toEqual([[200, 'fine'], [200, 'fine']])
    expect(lab.closed).toBe(false)
  })
})
