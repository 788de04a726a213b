/**
 * A connection that was held back for a slow reader stayed so when the response had come whole in the meantime: the
 * next request on it waited for ever. And what came while nobody had taken an upgraded connection over was lost.
 */
import { expect, it } from 'vitest'
import { Protocol } from '../../src/protocols/index.js'
import type { ClientResponse, RequestOptions } from '../../src/http/client/index.js'
import { Lab, latin1, outcome, text } from '../unit/http/client-lab.js'

const get = (lab: Lab, options: RequestOptions = {}) =>
  outcome<ClientResponse>(lab.agent.request('GET', 'http://example.com/', options))

it.each([1, 2])('a connection is read again when a response was too much for its reader, in %i pieces', (count) => {
  const lab = new Lab()
  const first = get(lab)
  const server = lab.accept()
  const whole = latin1(`HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`)
  const size = Math.ceil(whole.length / count)
  for (let at = 0; at < whole.length; at += size) server.say(whole.slice(at, at + size))
  expect(lab.pool.counts).toMatchObject({ idle: 1, busy: 0 })
  expect(server.transport.producerState).toBe('producing')
  const second = get(lab)
  // What the first reader does is nothing to the second.
  expect(outcome(first.value!.read()).value).toHaveLength(100_000)
  server.say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  expect(outcome(second.value!.text()).value).toBe('ok')
})

it('an upgraded connection keeps what comes before it is taken over', () => {
  const lab = new Lab()
  const got = get(lab, { upgrade: 'other' })
  const server = lab.accept()
  server.say('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\none ')
  server.say('two')
  let heard = ''
  const next = new Protocol()
  next.dataReceived = (data) => { heard += text(data) }
  got.value!.switchProtocol(next)
  server.say(' three')
  expect(heard).toBe('one two three')
})
