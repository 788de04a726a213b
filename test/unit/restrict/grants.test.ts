/** The grammar of patterns, what grants answer, and that no ability of a reactor is left without a question. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CapabilityError } from '../../../src/errors/index.js'
import { Reactor, ReactorBase } from '../../../src/reactor/index.js'
import { Grants } from '../../../src/reactor/restrict-grants.js'
import { addressBytes, parsePattern, plainName, socketPath } from '../../../src/reactor/restrict-patterns.js'
import { createReactor } from '../../../bindings/node/index.js'

const may = (connect: string[], host: string, port = 80): boolean => {
  try {
    new Grants({ connect }).needHost('connect', 'tcp', host, port)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(CapabilityError)
    return false
  }
}

const mayPath = (listen: string[], path: string): boolean => {
  try {
    new Grants({ listen }).needPath('listen', path)
    return true
  } catch {
    return false
  }
}

describe('patterns', () => {
  it.each([
    '', 'tcp', 'tcp:', 'tcp:x', 'tcp:x:', 'tcp:x:a', 'tcp:x:2-1', 'tcp:x:70000', 'tcp:x:1,', 'http:x:1', 'tcp:10.0.0.0/33:1',
    'tcp:::1:80', 'tcp:[::1:80', 'tcp:[10.0.0.1]:80', 'tcp:*.:1', 'tcp:a.*.b:1', 'tcp:x y:1', 'tcp:127.1:80', 'tcp:x/8:1',
    'tcp:[fe80::1%eth0]:1', 'unix:', 'unix:run/x', 'unix:/run/../x', 'unix:/run//x', '!', 'tcp:[::]/129:1', 'x:y',
  ])('%j is none', (text) => {
    expect(() => parsePattern(text)).toThrow(TypeError)
    expect(() => new Grants({ connect: [text] })).toThrow(/pattern/)
  })

  it.each([
    ['tcp:example.com:80', 'example.com', true], ['tcp:example.com:80', 'EXAMPLE.com.', true],
    ['tcp:example.com:80', 'a.example.com', false], ['tcp:example.com:80', 'example.com..', false],
    ['tcp:*.example.com:80', 'a.b.example.com', true], ['tcp:*.example.com:80', 'example.com', false],
    ['tcp:*.example.com:80', 'evilexample.com', false], ['tcp:*:80', 'any.thing', true], ['tcp:*:80', '192.0.2.1', true],
    ['tcp:*:80', '127.1', false], ['tcp:*:80', 'ex\u00e4mple.com', false], ['tcp:*:80', 'a\0b', false],
    ['tcp:10.0.0.0/8:80', '10.255.0.1', true], ['tcp:10.0.0.0/8:80', '11.0.0.1', false],
    ['tcp:10.0.0.0/8:80', '::ffff:10.0.0.1', true], ['tcp:[::ffff:10.0.0.0]/104:80', '10.9.9.9', true],
    ['tcp:0.0.0.0/0:80', '::1', false], ['tcp:[::]/0:80', '10.0.0.1', false], ['tcp:[::1]:80', '0:0:0:0:0:0:0:1', true],
    ['tcp:[fd00::]/8:80', 'fdff::1%eth0', true], ['tcp:[fd00::/8]:80', 'fe00::1', false], ['tls:a.b:80', 'a.b', true],
    ['tcp:a.b:1-79,81', 'a.b', false], ['tcp:a.b:1-79,80', 'a.b', true], ['udp:a.b:80', 'a.b', false],
    ['tcp:127.0.0.1:80', '0.0.0.0', true], ['tcp:[::1]:80', '::', true],
  ])('%s and %s: %s', (pattern, host, granted) => {
    expect(may([pattern], host)).toBe(granted)
    expect(may(['tcp:*:*', `!${pattern}`], host) && granted).toBe(false)
  })

  it.each([
    ['unix:/run/app/*', '/run/app/a', true], ['unix:/run/app/*', '/run/app/a/b', false], ['unix:/run/app/*', '/run/app', false],
    ['unix:/run/**', '/run/a/b/c', true], ['unix:/run/a.b', '/run/aXb', false], ['unix:*', '/any/path', true],
    ['unix:@app-*', '\0app-1', true], ['unix:/run/*', '\0run/x', false], ['unix:@x', '/x', false], ['unix:*', 'relative', false],
    ['unix:/run/*', '/run/..', false], ['unix:/run/*', '/run/\0', false], ['unix:*', '/run/x/', false],
  ])('%s and path %j: %s', (pattern, path, granted) => {
    expect(mayPath([pattern], path)).toBe(granted)
  })

  it('an address is found by its bytes, however it is written', () => {
    fc.assert(fc.property(fc.ipV4(), (host) => {
      expect(addressBytes(host)).toEqual(host.split('.').map(Number))
      expect(addressBytes(`::ffff:${host}`)).toEqual(addressBytes(host))
    }))
    fc.assert(fc.property(fc.ipV6(), (host) => {
      const bytes = addressBytes(host)
      expect([4, 16]).toContain(bytes?.length)
      expect(plainName(host)).toBeNull()
    }))
    expect(socketPath('/a/b')).toBe('/a/b')
  })
})

describe('grants', () => {
  it('options that are unknown, or of another kind, are refused', () => {
    for (const options of [
      null, { conect: [] }, { connect: 'tcp:a:1' }, { connect: [1] }, { files: 'yes' }, { processes: 'git' }, { processes: ['git'] },
      { processes: ['/usr/../bin/git'] },
    ]) expect(() => new Grants(options as never), JSON.stringify(options)).toThrow(TypeError)
  })

  it('programs are granted by their whole path', () => {
    const granted = (processes: boolean | string[], path: string): boolean => {
      try {
        new Grants({ processes }).needProgram(path)
        return true
      } catch {
        return false
      }
    }
    expect(granted(true, 'git')).toBe(true)
    expect(granted(false, '/usr/bin/git')).toBe(false)
    expect(granted(['/usr/bin/git'], '/usr/bin/git')).toBe(true)
    for (const path of ['git', '/usr/bin/../bin/git', '/usr/bin/gitk', '/bin/git', '/usr/bin//git']) {
      expect(granted(['/usr/bin/git'], path), path).toBe(false)
    }
    expect(granted(['/opt/tools/*'], '/opt/tools/a')).toBe(true)
    expect(granted(['/opt/tools/*'], '/opt/tools/a/b')).toBe(false)
  })

  it('what several grant together is what each grants', () => {
    const outer = new Grants({ connect: ['tcp:10.0.0.0/8:*'], files: true })
    const inner = new Grants({ connect: ['tcp:*:80'], files: true, threads: true }, outer)
    expect(() => inner.needHost('connect', 'tcp', '10.0.0.1', 80)).not.toThrow()
    expect(() => inner.needHost('connect', 'tcp', '10.0.0.1', 81)).toThrow(CapabilityError)
    expect(() => inner.needHost('connect', 'tcp', '11.0.0.1', 80)).toThrow(CapabilityError)
    expect([inner.has('files'), inner.has('threads')]).toEqual([true, false])
  })
})

/** What a restricted reactor does as any other: it leads to nothing outside. */
const HARMLESS = [
  'constructor', 'nameResolver', 'resolver', 'restrict', 'tlsHost', 'openTransports', 'openThings', 'closeAll',
  'abortAll', 'ended',
  'deferLater', 'loopingCall', 'cooperate', 'enter', 'exit', 'flushLater', 'logFailure', 'free',
  'hasDue', 'compression', 'entropy',
]

describe('a restricted reactor', () => {
  it('has a method of its own for everything that a reactor can do', () => {
    const restricted = createReactor().restrict({})
    const own = Object.getOwnPropertyNames(Object.getPrototypeOf(restricted))
    const all = [Reactor.prototype, ReactorBase.prototype].flatMap((one) => Object.getOwnPropertyNames(one))
    expect(all.filter((name) => !own.includes(name) && !HARMLESS.includes(name))).toEqual([])
    expect(HARMLESS.filter((name) => !all.includes(name))).toEqual([])
  })
})
