/** TLS options as such: which are known, what fits together, whose they are; contexts and the cache of sessions. */
import { describe, expect, it } from 'vitest'
import { TLSOptionsError } from '../../../src/errors/index.js'
import type { TLSHost, TLSServerOptions } from '../../../src/interfaces/index.js'
import {
  checkClientOptions, checkServerOptions, sessionCache, TLSServerContext, tlsRole,
} from '../../../src/transports/index.js'

const identity = { cert: 'cert', key: 'key' }

const refused = (check: () => void): TLSOptionsError => {
  try {
    check()
  } catch (error) {
    return error as TLSOptionsError
  }
  throw new Error('was not refused')
}

describe('a server\'s options', () => {
  it.each<[string, object]>([
    ['identity', {}], ['options', [] as never], ['identity', { identity: 'pem' }],
    ['identity.cert', { identity: { key: 'x' } }],
    ['identity.key', { identity: { cert: 'x', key: '' } }], ['identity.kye', { identity: { cert: 'x', kye: 'x' } }],
    ['identity.passphrase', { identity: { ...identity, passphrase: 7 } }], ['cert', { identity, cert: 'x' }],
    ['serverName', { identity, serverName: 'x' }], ['insecureSkipVerify', { identity, insecureSkipVerify: true }],
    ['rejectUnauthorized', { identity, rejectUnauthorized: false }], ['alpn', { identity, alpn: 'h2' }],
    ['alpn', { identity, alpn: [''] }], ['alpn', { identity, alpn: ['x'.repeat(256)] }],
    ['alpn', { identity, alpn: [1] }],
    ['minVersion', { identity, minVersion: 'TLSv1' }], ['maxVersion', { identity, maxVersion: 'SSLv3' }],
    ['maxVersion', { identity, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }], ['ciphers', { identity, ciphers: '' }],
    ['handshakeTimeout', { identity, handshakeTimeout: 0 }], ['handshakeTimeout', { identity, handshakeTimeout: NaN }],
    ['handshakeTimeout', { identity, handshakeTimeout: Infinity }],
    ['handshakeTimeout', { identity, handshakeTimeout: '5s' }],
    ['ca', { identity, ca: [] }], ['ca', { identity, ca: [''] }], ['ca', { identity, clientCertificate: 'require' }],
    ['clientCertificate', { identity, ca: 'x', clientCertificate: true }],
    ['maxHandshakes', { identity, maxHandshakes: 0 }],
    ['names', { identity, names: [identity] }], ['names.a b', { identity, names: { 'a b': identity } }],
    ['names.*', { identity, names: { '*': identity } }], ['names.a.*.b', { identity, names: { 'a.*.b': identity } }],
    ['names.A.b', { identity, names: { 'a.b': identity, 'A.b': identity } }],
    ['names.a.b.key', { identity, names: { 'a.b': { cert: 'x' } } }],
  ])('%s', (field, options) => {
    const error = refused(() => checkServerOptions(options))
    expect(error).toBeInstanceOf(TLSOptionsError)
    expect(error.field).toBe(field)
    expect(error.message).toContain(field)
    expect([error.code, error.fault]).toEqual(['ERR_TLS_OPTIONS', 'local'])
  })

  it('what makes sense passes', () => {
    const options: TLSServerOptions = {
      identity: { cert: new Uint8Array(5), key: 'x', passphrase: 'p' },
      names: { '*.example.test': identity, 'b': identity },
      ca: ['x', new Uint8Array(1)], clientCertificate: 'request', alpn: ['h2', 'http/1.1'], minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3', ciphers: 'HIGH', handshakeTimeout: 1, maxHandshakes: 1,
    }
    expect(() => checkServerOptions(options)).not.toThrow()
  })
})

describe('a client\'s options', () => {
  it.each<[string, unknown]>([
    ['options', null], ['options', 'pem'], ['names', { names: {} }],
    ['clientCertificate', { clientCertificate: 'none' }],
    ['serverName', { serverName: '' }], ['insecureSkipVerify', { insecureSkipVerify: 'yes' }],
    ['sessions', { sessions: {} }],
    ['sessions', { sessions: null }], ['identity.key', { identity: { cert: 'x' } }],
    ['servername', { servername: 'x' }],
  ])('%s', (field, options) => {
    expect(refused(() => checkClientOptions(options)).field).toBe(field)
  })

  it('none are needed, and all may be given', () => {
    expect(() => checkClientOptions({})).not.toThrow()
    expect(() => checkClientOptions({
      ca: 'x', serverName: 'x', identity, insecureSkipVerify: false, sessions: sessionCache(), alpn: [],
    })).not.toThrow()
  })
})

describe('whose options they are', () => {
  it.each<['client' | 'server', object]>([
    ['client', {}], ['client', { serverName: 'x' }], ['server', { identity }],
    ['server', new TLSServerContext({ identity })],
    ['client', { identity, serverName: 'x' }], ['client', { identity, insecureSkipVerify: true }],
    ['client', { identity, sessions: sessionCache() }], ['server', { identity, ca: 'x', alpn: ['x'] }],
  ])('a %s\'s', (role, options) => expect(tlsRole(options)).toBe(role))

  it.each([undefined, null, 'tls', 7, []])('%s is nobody\'s', (tls) => expect(() => tlsRole(tls)).toThrow(TypeError))
})

describe('TLSServerContext', () => {
  const host = (fails = false) => {
    const seen: TLSServerOptions[] = []
    const tls = {
      server: (options: TLSServerOptions) => {
        seen.push(options)
        return {
          update(next: TLSServerOptions) {
            if (fails && next.alpn !== undefined) throw new TLSOptionsError('no', { field: 'alpn' })
            seen.push(next)
          },
        }
      },
    } as unknown as TLSHost
    return { seen, tls }
  }

  it('keeps what is not given, and forgets what is undefined', () => {
    const context = new TLSServerContext({ identity, alpn: ['a'], ca: 'x' })
    context.update({ alpn: ['b'], ca: undefined })
    expect(context.options).toEqual({ identity, alpn: ['b'] })
    expect(Object.isFrozen(context.options)).toBe(true)
  })

  it('tells each host once, and makes what each needs once', () => {
    const [one, two] = [host(), host()]
    const context = new TLSServerContext({ identity })
    expect(context.handleOf(one.tls)).toBe(context.handleOf(one.tls))
    context.handleOf(two.tls)
    context.update({ alpn: ['b'] })
    expect([one.seen.map(({ alpn }) => alpn), two.seen.map(({ alpn }) => alpn)]).toEqual([
      [undefined, ['b']], [undefined, ['b']],
    ])
  })

  it('when one host cannot take it, all keep the old ones', () => {
    const [good, bad] = [host(), host(true)]
    const context = new TLSServerContext({ identity })
    context.handleOf(good.tls)
    context.handleOf(bad.tls)
    expect(() => context.update({ alpn: ['b'] })).toThrow(TLSOptionsError)
    expect(context.options.alpn).toBe(undefined)
    expect(good.seen.at(-1)!.alpn).toBe(undefined)
  })

  it('checks at once', () => {
    expect(() => new TLSServerContext({} as never)).toThrow(TLSOptionsError)
    const context = new TLSServerContext({ identity })
    expect(() => context.update({ identity: undefined })).toThrow(TLSOptionsError)
    expect(() => context.update({ nonsense: 1 } as never)).toThrow('nonsense')
    expect(context.options).toEqual({ identity })
  })
})

describe('sessionCache', () => {
  const session = (value: number): Uint8Array => new Uint8Array([value])

  it('keeps so many, and gives up the one that was used longest ago', () => {
    const cache = sessionCache({ max: 2 })
    cache.set('a', session(1))
    cache.set('b', session(2))
    expect(cache.get('a')).toEqual(session(1))
    cache.set('c', session(3))
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([session(1), undefined, session(3)])
    cache.set('a', session(4))
    expect(cache.get('a')).toEqual(session(4))
  })

  it.each([0, -1, 1.5, NaN, '3' as never])('max = %s is refused', (max) => {
    expect(() => sessionCache({ max })).toThrow(RangeError)
  })
})
