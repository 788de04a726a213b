/** Every prefix: what its fields come to, and what is said of those that are wrong. */
import { describe, expect, it } from 'vitest'
import {
  AdoptedStreamClientEndpoint, AdoptedStreamServerEndpoint, clientFromString, HAProxyClientEndpoint,
  HAProxyServerEndpoint, HTTPConnectClientEndpoint, ProcessEndpoint, quoteStringArgument, registerEndpoint,
  serverFromString, SOCKS5ClientEndpoint, StandardIOEndpoint, TCP4ServerEndpoint, UNIXClientEndpoint, UNIXServerEndpoint,
} from '../../../src/endpoints/index.js'
import { EndpointSyntaxError } from '../../../src/errors/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { MemoryReactor } from '../../../src/testing/memory-reactor.js'
import { Calls } from './support.js'

const thrownBy = (work: () => unknown): Error => {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

const factory = (): Factory => Factory.forProtocol(Protocol)

/** What a string asks of a reactor: the method and its arguments, without the factory. */
function server(text: string): unknown[] {
  const reactor = new Calls()
  serverFromString(reactor, text).listen(factory())
  return reactor.calls
}

function client(text: string): unknown[] {
  const reactor = new Calls()
  clientFromString(reactor, text).connect(factory())
  return reactor.calls
}

describe('unix:', () => {
  it('E09 E13 takes path, mode and lock file', () => {
    expect(server('unix:/p:mode=660')).toEqual([['listenUNIX', '/p', { mode: 0o660, wantPID: true }]])
    expect(server('unix:path=/p:lockfile=no:backlog=7')).toEqual([['listenUNIX', '/p', { wantPID: false, backlog: 7 }]])
    expect(server('unix:abstract=name')).toEqual([['listenUNIX', '\0name', { wantPID: false }]])
    for (const text of ['unix:/f', 'unix:path=/f', 'UNIX:/f']) {
      expect(client(text)).toEqual([['connectUNIX', '/f', { timeout: 30_000 }]])
    }
    expect(client('unix:/f:timeout=2s:lockfile=yes')).toEqual([['connectUNIX', '/f', { timeout: 2_000, checkPID: true }]])
    expect(client('unix:abstract=a\\:b')).toEqual([['connectUNIX', '\0a:b', { timeout: 30_000 }]])
    expect(clientFromString(new MemoryReactor(), 'unix:/f')).toBeInstanceOf(UNIXClientEndpoint)
    expect(serverFromString(new MemoryReactor(), 'unix:/f')).toBeInstanceOf(UNIXServerEndpoint)
  })
})

describe('process:, stdio: and fd:', () => {
  it('process takes a program and its arguments', () => {
    expect(client('process:/bin/cat:-u:a\\=b\\:c:cwd=/tmp:env=empty')).toEqual(
      [['connectProcess', '/bin/cat', ['-u', 'a=b:c'], { env: {}, cwd: '/tmp', logs: true }]])
    expect(client('process:executable=cat:-')).toEqual([['connectProcess', 'cat', ['-'], { env: null, logs: true }]])
    expect(client('process:cat:stderr=drop')).toEqual([['connectProcess', 'cat', [], { env: null, logs: false }]])
    expect(clientFromString(new MemoryReactor(), 'process:cat:stderr=drop')).toBeInstanceOf(ProcessEndpoint)
  })

  it('stdio takes nothing, on both sides', () => {
    for (const text of ['stdio:', 'stdio', 'STDIO:']) {
      expect(serverFromString(new MemoryReactor(), text)).toBeInstanceOf(StandardIOEndpoint)
      expect(clientFromString(new MemoryReactor(), text)).toBeInstanceOf(StandardIOEndpoint)
    }
  })

  it('fd takes a descriptor, and what kind of socket it is', () => {
    expect(server('fd:3')).toEqual([['adoptStreamPort', 3, 'IPv4']])
    expect(server('fd:4:family=UNIX')).toEqual([['adoptStreamPort', 4, 'UNIX']])
    expect(client('fd:5')).toEqual([['adoptStreamConnection', 5]])
    expect(serverFromString(new MemoryReactor(), 'fd:3')).toBeInstanceOf(AdoptedStreamServerEndpoint)
    expect(clientFromString(new MemoryReactor(), 'fd:3')).toBeInstanceOf(AdoptedStreamClientEndpoint)
  })
})

describe('haproxy:, socks5: and connect:', () => {
  it('E14 haproxy wraps whatever follows', () => {
    expect(server('haproxy:tcp:8080')).toEqual([['listenTCP', 8080, { interface: '0.0.0.0' }]])
    expect(server('haproxy:tcp6:8080:interface=\\:\\:1:headerTimeout=5s'))
      .toEqual([['listenTCP', 8080, { interface: '::1' }]])
    expect(server('haproxy:headerTimeout=5s:unix:/a\\=b:mode=600'))
      .toEqual([['listenUNIX', '/a=b', { wantPID: true, mode: 0o600 }]])
    expect(client('haproxy:tcp:example.com:80:timeout=2s:proxyVersion=1'))
      .toEqual([['connectTCP', 'example.com', 80, { timeout: 2_000 }]])
    expect(serverFromString(new Calls(), 'haproxy:haproxy:tcp:1')).toBeInstanceOf(HAProxyServerEndpoint)
    expect(clientFromString(new Calls(), 'haproxy:tcp:h:1')).toBeInstanceOf(HAProxyClientEndpoint)
  })

  it('a registered prefix can be wrapped, and gets its fields as they were written', () => {
    const seen: unknown[] = []
    registerEndpoint('recorded', {
      server: (reactor: MemoryReactor, args, options) => {
        seen.push(args, { ...options })
        return new TCP4ServerEndpoint(reactor, 1)
      },
    })
    serverFromString(new MemoryReactor(), 'haproxy:recorded:a\\:b:k\\=1=x\\\\y=z:::c\\=d')
    expect(seen).toEqual([['a:b', '', '', 'c=d'], { 'k=1': 'x\\y=z' }])
  })

  it('a proxy is any client endpoint, quoted', () => {
    for (const [prefix, Endpoint] of [['socks5', SOCKS5ClientEndpoint], ['connect', HTTPConnectClientEndpoint]] as const) {
      expect(client(`${prefix}:example.com:80:proxy=tcp\\:127.0.0.1\\:1080`))
        .toEqual([['connectTCP', '127.0.0.1', 1080, { timeout: 30_000 }]])
      const two = `socks5:b:2:proxy=${quoteStringArgument('unix:/run/proxy')}:username=me:password=a\\:b`
      expect(client(`${prefix}:c:3:proxy=${quoteStringArgument(two)}:timeout=1s`))
        .toEqual([['connectUNIX', '/run/proxy', { timeout: 30_000 }]])
      expect(clientFromString(new Calls(), `${prefix}:h:1:proxy=tcp\\:h\\:1`)).toBeInstanceOf(Endpoint)
    }
  })
})

describe('tls: and ssl:', () => {
  it.each(['tls', 'ssl', 'TLS'])('%s server reads its files when it listens', (prefix) => {
    expect(server(`${prefix}:443:privateKey=/k.pem:certificate=/c.pem:interface=\\:\\::backlog=5:alpn=h2,http/1.1`)).toEqual([
      ['readFile', '/c.pem'], ['readFile', '/k.pem'],
      ['listenSSL', 443, { identity: { cert: 'what is in /c.pem', key: 'what is in /k.pem' }, alpn: ['h2', 'http/1.1'] },
        { interface: '::', backlog: 5 }],
    ])
    expect(server(`${prefix}:0:privateKey=/both.pem:trustRoots=/ca.pem:clientCertificate=require`)).toEqual([
      ['readFile', '/both.pem'], ['readFile', '/both.pem'], ['readFile', '/ca.pem'],
      ['listenSSL', 0, {
        identity: { cert: 'what is in /both.pem', key: 'what is in /both.pem' }, ca: 'what is in /ca.pem',
        clientCertificate: 'require',
      }, { interface: '0.0.0.0' }],
    ])
    expect(server(`${prefix}:1:privateKey=/k:certKey=/c`)[0]).toEqual(['readFile', '/c'])
  })

  it('E15 the client connects where it is told, and the rest waits for the connection', () => {
    expect(client('tls:example.com:443:endpoint=tcp\\:127.0.0.1\\:8443:timeout=3s'))
      .toEqual([['connectTCP', '127.0.0.1', 8443, { timeout: 30_000 }]])
    expect(client('tls:127.0.0.1:443:bindAddress=127.0.0.2:trustRoots=/ca.pem'))
      .toEqual([['readFile', '/ca.pem'], ['connectTCP', '127.0.0.1', 443, { timeout: 30_000, bindAddress: { host: '127.0.0.2' } }]])
  })

  it('hostname: connects by name', () => {
    expect(client('hostname:example.com:80:timeout=4s')).toEqual([['connectTCP', 'example.com', 80, { timeout: 4_000 }]])
  })
})

describe('E10 a wrong string is an error that names the field and shows the grammar', () => {
  const KEY = 'privateKey=/k'
  const PROXY = 'proxy=tcp\\:h\\:1'

  it.each([
    // missing
    ['tls', 'port', 'missing'], ['tls:443', 'privateKey', 'missing'], ['ssl:443:privateKey=', 'privateKey', 'missing'],
    ['unix', 'path', 'missing'], ['unix:', 'path', 'missing'], ['fd', 'descriptor', 'missing'], ['fd:', 'descriptor', 'missing'],
    ['haproxy', 'endpoint', 'missing'], ['haproxy:', 'endpoint', 'missing'], ['haproxy:tcp', 'port', 'missing'],
    ['haproxy:headerTimeout=1s', 'endpoint', 'missing'],
    [`tls:1:${KEY}:clientCertificate=require`, 'trustRoots', 'missing'],
    // malformed
    [`tls:https:${KEY}`, 'port', '"https"'], [`tls:1:${KEY}:backlog=x`, 'backlog', '"x"'],
    [`tls:1:${KEY}:reusePort=perhaps`, 'reusePort', 'yes or no'], [`tls:1:${KEY}:alpn=`, 'alpn', 'commas'],
    [`tls:1:${KEY}:alpn=h2,,x`, 'alpn', 'commas'], [`tls:1:${KEY}:clientCertificate=maybe`, 'clientCertificate', 'require'],
    [`tls:1:${KEY}:certificate=`, 'certificate', 'empty'], [`tls:1:${KEY}:trustRoots=`, 'trustRoots', 'empty'],
    ['unix:/p:mode=8', 'mode', 'octal'], ['unix:/p:mode=', 'mode', 'octal'], ['unix:/p:mode=66x', 'mode', 'octal'],
    ['unix:/p:mode=-1', 'mode', 'octal'], ['unix:/p:lockfile=2', 'lockfile', 'yes or no'],
    ['unix:/p:backlog=1.5', 'backlog', '"1.5"'], ['unix:/p:abstract=q', 'abstract', 'place of a path'],
    ['unix:abstract=', 'abstract', 'empty'], ['fd:x', 'descriptor', '"x"'], ['fd:-1', 'descriptor', '"-1"'],
    ['fd:3:family=IPX', 'family', 'UNIX'], ['haproxy:tcp:80:headerTimeout=soon', 'headerTimeout', 'duration'],
    ['haproxy:tcp:x', 'port', 'tcp:<port>'], ['haproxy:smoke:1', 'type', 'smoke'],
    // unknown, or too many
    [`tls:1:${KEY}:colour=red`, 'colour', 'not known'], [`tls:1:a:2:b:${KEY}`, 'b', 'too many'],
    ['unix:/p:colour=red', 'colour', 'not known'], ['unix:/p:q', 'q', 'too many'], ['unix:/p:timeout=1s', 'timeout', 'not known'],
    ['stdio:x', 'x', 'too many'], ['stdio::', '', 'too many'], ['stdio:k=v', 'k', 'not known'], ['fd:3:4', '4', 'too many'],
    ['fd:3:colour=red', 'colour', 'not known'], ['haproxy:tcp:80:colour=red', 'colour', 'not known'],
    ['haproxy:tcp:80:proxyVersion=1', 'proxyVersion', 'not known'], ['process:cat', 'type', 'no server endpoint'],
    ['socks5:h:1', 'type', 'no server endpoint'], ['hostname:1', 'type', 'no server endpoint'],
    // out of range
    [`tls:65536:${KEY}`, 'port', '65535'], [`tls:-1:${KEY}`, 'port', '65535'], ['fd:99999999999', 'descriptor', 'whole number'],
    [`tls:1:${KEY}:backlog=99999999999`, 'backlog', 'whole number'], ['unix:/p:mode=17777', 'mode', 'octal'],
  ])('server %s', (text, field, hint) => {
    const error = thrownBy(() => serverFromString(new Calls(), text))
    expect(error).toBeInstanceOf(EndpointSyntaxError)
    expect((error as EndpointSyntaxError).field).toBe(field)
    expect(error.message).toContain(hint)
    if (field !== 'type') expect(error.message).toMatch(/; write \w+:/)
  })

  it.each([
    // missing
    ['tls', 'host', 'missing'], ['tls:h', 'port', 'missing'], ['tls::443', 'host', 'missing'], ['hostname:h', 'port', 'missing'],
    ['tls:h:1:certificate=/c', 'privateKey', 'missing'], ['unix', 'path', 'missing'], ['process', 'executable', 'missing'],
    ['process:', 'executable', 'missing'], ['fd', 'descriptor', 'missing'], ['socks5', 'host', 'missing'],
    ['socks5:h', 'port', 'missing'], ['socks5:h:1', 'proxy', 'missing'], ['socks5:h:1:proxy=', 'proxy', 'missing'],
    [`socks5:h:1:${PROXY}:username=me`, 'password', 'missing'], [`connect:h:1:${PROXY}:password=x`, 'username', 'missing'],
    ['connect:h:1', 'proxy', 'missing'], ['haproxy', 'endpoint', 'missing'], ['haproxy:tcp:h', 'port', 'missing'],
    // malformed
    ['tls:h:x', 'port', '"x"'], ['tls:h:1:timeout=soon', 'timeout', 'duration'], ['tls:h:1:alpn=,', 'alpn', 'commas'],
    ['tls:h:1:insecureSkipVerify=perhaps', 'insecureSkipVerify', 'yes or no'], ['tls:h:1:endpoint=', 'endpoint', 'empty'],
    ['tls:h:1:endpoint=smoke', 'endpoint', 'smoke'], ['tls:h:1:endpoint=tcp\\:h', 'endpoint', '"port" is missing'],
    ['tls:h:1:endpoint=tcp\\:h\\:1:bindAddress=1.2.3.4', 'bindAddress', 'belongs'], ['tls:h:1:bindAddress=', 'bindAddress', 'empty'],
    ['tcp:h:1:bindAddress=', 'bindAddress', 'empty'], ['unix:/p:timeout=', 'timeout', 'duration'],
    ['unix:/p:lockfile=', 'lockfile', 'yes or no'], ['process:cat:env=some', 'env', 'inherit or empty'],
    ['process:cat:stderr=show', 'stderr', 'log or drop'], ['process:cat:cwd=', 'cwd', 'empty'], ['fd:three', 'descriptor', '"three"'],
    ['socks5:h:1:proxy=tcp', 'proxy', '"host" is missing'], ['connect:h:1:proxy=x\\\\', 'proxy', 'no client endpoint'],
    [`socks5:h:1:${PROXY}:timeout=-1`, 'timeout', 'duration'], [`connect:h:1:${PROXY}:username=:password=x`, 'username', 'empty'],
    ['haproxy:tcp:h:1:proxyVersion=3', 'proxyVersion', '1 or 2'], ['haproxy:tcp:h:1:proxyVersion=', 'proxyVersion', '1 or 2'],
    // what the proxies' protocols cannot carry
    [`socks5:${'x'.repeat(256)}:1:${PROXY}`, 'host', '255'], [`connect:a b:1:${PROXY}`, 'host', 'cannot be sent'],
    [`connect:h:1:${PROXY}:username=a\\:b:password=c`, 'username', 'colon'],
    [`socks5:h:1:${PROXY}:username=a:password=${'x'.repeat(256)}`, 'username', '255'],
    // unknown, or too many
    ['tls:h:1:colour=red', 'colour', 'not known'], ['tls:h:1:2', '2', 'too many'], ['unix:/p:mode=600', 'mode', 'not known'],
    ['process:cat:colour=red', 'colour', 'not known'], ['stdio:x', 'x', 'too many'], ['fd:3:family=UNIX', 'family', 'not known'],
    [`socks5:h:1:2:${PROXY}`, '2', 'too many'], [`connect:h:1:${PROXY}:colour=red`, 'colour', 'not known'],
    ['haproxy:tcp:h:1:colour=red', 'colour', 'not known'], ['haproxy:tcp:h:1:headerTimeout=1s', 'headerTimeout', 'not known'],
    ['hostname:h:1:2', '2', 'too many'],
    // out of range
    ['tls:h:65536', 'port', '65535'], [`socks5:h:70000:${PROXY}`, 'port', '65535'], ['hostname:h:65536', 'port', '65535'],
    [`connect:h:-1:${PROXY}`, 'port', '65535'],
  ])('client %s', (text, field, hint) => {
    const error = thrownBy(() => clientFromString(new Calls(), text))
    expect(error).toBeInstanceOf(EndpointSyntaxError)
    expect((error as EndpointSyntaxError).field).toBe(field)
    expect(error.message).toContain(hint)
    if (field !== 'type') expect(error.message).toMatch(/; write \w+:/)
  })

  it('E05 of a key that is there twice, the last counts, with every prefix', () => {
    expect(server('unix:/p:mode=600:mode=660')).toEqual(server('unix:/p:mode=660'))
    expect(server('fd:3:family=IPv6:family=UNIX')).toEqual(server('fd:3:family=UNIX'))
    expect(server('tls:1:privateKey=/a:privateKey=/b')).toEqual(server('tls:1:privateKey=/b'))
    expect(server('haproxy:tcp:1:backlog=2:backlog=3')).toEqual(server('haproxy:tcp:1:backlog=3'))
    expect(client('unix:/p:timeout=1:timeout=2')).toEqual(client('unix:/p:timeout=2'))
    expect(client('process:cat:cwd=/a:cwd=/b')).toEqual(client('process:cat:cwd=/b'))
    expect(client('socks5:h:1:proxy=unix\\:/a:proxy=unix\\:/b')).toEqual(client('socks5:h:1:proxy=unix\\:/b'))
    expect(client('connect:h:1:proxy=unix\\:/a:proxy=unix\\:/b')).toEqual(client('connect:h:1:proxy=unix\\:/b'))
    expect(client('tls:h:1:endpoint=unix\\:/a:endpoint=unix\\:/b')).toEqual(client('tls:h:1:endpoint=unix\\:/b'))
    expect(thrownBy(() => client('unix:path=/a:/b'))).toMatchObject({ field: '/b' })
  })

  it('endpoints inside endpoints end somewhere, whoever wrote the prefix', () => {
    const deep = (levels: number): string => `${'haproxy:'.repeat(levels)}tcp:1:backlog=2`
    expect(server(deep(20))).toEqual(server('tcp:1:backlog=2'))
    registerEndpoint('itself', { client: (reactor: object) => clientFromString(reactor, 'itself:') })
    for (const work of [() => server(deep(5_000)), () => client('itself:'), () => client(deep(5_000))]) {
      const error = thrownBy(work)
      expect(error).toBeInstanceOf(EndpointSyntaxError)
      expect(error.message).toContain('inside 32 other endpoints')
    }
    expect(server(deep(20))).toEqual(server('tcp:1:backlog=2'))
  })

  it('no error shows a password that is otherwise well-formed', () => {
    const auth = 'username=me:password=geheim'
    for (const text of [`socks5:h:x:${auth}`, `connect:h:1:${auth}`, `connect:a b:1:proxy=tcp\\:h\\:1:${auth}`,
      `socks5:h:1:proxy=tcp\\:h\\:1:${auth}\\`, `socks5:h:1:proxy=tcp\\:h:${auth}`, `smoke:${auth}`,
      `tls:h:1:endpoint=socks5\\:h\\:1\\:password\\=geheim\\:proxy\\=tcp`, `connect:h:1:proxy=tcp\\:h\\:1:${auth}\0`]) {
      const error = thrownBy(() => clientFromString(new Calls(), text))
      expect(error).toBeInstanceOf(EndpointSyntaxError)
      expect(`${error.stack} ${String((error.cause as Error | undefined)?.stack)}`).not.toContain('geheim')
    }
  })

  it('the error of an endpoint inside is the cause', () => {
    const error = thrownBy(() => clientFromString(new Calls(), 'tls:h:1:endpoint=socks5\\:h\\:1\\:proxy\\=tcp'))
    expect(error.cause).toBeInstanceOf(EndpointSyntaxError)
    expect((error.cause as EndpointSyntaxError).field).toBe('proxy')
  })
})
