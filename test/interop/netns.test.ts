/**
 * Two hosts of our own making and the cable between them: groups, both families, a family that is a black hole, and a
 * cable that is pulled. Programs on the hosts are those of netns-host.mjs, on the package as it is shipped.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { ADDRESS, describeWithLab, Lab } from './netns-lab.js'
import type { HostProgram } from './netns-lab.js'
import { Program } from './programs.js'

describeWithLab('two hosts', () => {
  let lab!: Lab

  beforeAll(async () => {
    await build()
    lab = new Lab()
    await lab.ready()
  }, 120_000)

  afterEach(async () => {
    await Program.killAll()
    lab.clear('left')
    for (const side of ['left', 'right'] as const) lab.plugCable(side)
    await lab.ready()
  })

  afterAll(() => lab?.remove())

  const GROUPS = [
    {
      family: 'IPv4', any: '0.0.0.0', group: '239.77.1.2', left: ADDRESS.left.v4, right: ADDRESS.right.v4,
      near: 'ip daddr 239.77.1.2 ip ttl 1',
    },
    {
      family: 'IPv6', any: '::', group: 'ff15::77', left: '::%cable', right: '::%cable',
      near: 'ip6 daddr ff15::77 ip6 hoplimit 1',
    },
  ]

  it.each(GROUPS)('$family: a group is heard on the other host, and answered, until it is left', async (one) => {
    const { any, group } = one
    const hearing = lab.start('left', { do: 'group', any, group, iface: one.left })
    const { bound: port } = await hearing.says<{ bound: number }>('bound')
    const sending = lab.start('right', { do: 'group', any, iface: one.right })
    await sending.says('bound')
    sending.tell({ send: 'hello', to: group, port })
    const answer = await sending.says<{ got: string, from: string }>('got')
    expect(answer).toMatchObject({ got: 're:hello' })
    expect(answer.from).toMatch(one.family === 'IPv4' ? /^10\.201\.77\.1$/ : /^(?:fd77:201::1|fe80::.+%cable)$/)
    // What was sent went no further than this network, and goes further when told to.
    lab.drop('left', one.near)
    sending.tell({ send: 'near', to: group, port })
    sending.tell({ send: 'far', to: group, port, ttl: 7 })
    await sending.program.prints(/"got":"re:far"/)
    hearing.tell({ leave: group })
    await hearing.says('left')
    sending.tell({ send: 'too late', to: group, port })
    sending.tell({ send: 'in person', to: answer.from, port })
    await sending.program.prints(/"got":"re:in person"/)
    await Promise.all([hearing.stop(), sending.stop()])
    expect(hearing.all<{ got: string }>('got').map(({ got }) => got)).toEqual(['hello', 'far', 'in person'])
  })

  it.each(GROUPS)('$family: a host hears its own group, unless it sends without loopback', async ({ any, group, left }) => {
    const hearing = lab.start('left', { do: 'group', any, group, iface: left })
    const { bound: port } = await hearing.says<{ bound: number }>('bound')
    const sending = lab.start('left', { do: 'group', any, iface: left })
    await sending.says('bound')
    sending.tell({ send: 'silent', to: group, port, loopback: false })
    sending.tell({ send: 'loud', to: group, port, loopback: true })
    await sending.program.prints(/"got":"re:loud"/)
    // What it printed is all here when it has ended.
    await Promise.all([hearing.stop(), sending.stop()])
    expect(hearing.all<{ got: string }>('got').map(({ got }) => got)).toEqual(['loud'])
  })

  /** A server on the left host. */
  async function serve(job: Record<string, unknown>): Promise<{ server: HostProgram, port: number }> {
    const server = lab.start('left', { do: 'serve', ...job })
    return { server, port: (await server.says<{ listening: number }>('listening')).listening }
  }

  const BOTH = { 'left.example': [ADDRESS.left.v6, ADDRESS.left.v4] }

  it('a dual-stack server is reached over both families, and over an address with a zone', async () => {
    const { server, port } = await serve({ interface: '::' })
    const zoned = `${lab.linkLocal('left')}%cable`
    const hosts = [ADDRESS.left.v4, ADDRESS.left.v6, zoned]
    const clients = hosts.map((host) => lab.start('right', { do: 'connect', via: 'connectTCP', host, port, bytes: 65_536 }))
    expect(await Promise.all(clients.map((client) => client.says('connected'))))
      .toMatchObject([{ family: 'IPv4' }, { family: 'IPv6' }, { family: 'IPv6' }])
    await Promise.all(clients.map((client) => client.says('whole')))
    await Promise.all(clients.map((client) => client.stop()))
    await server.stop()
    expect(server.all<{ open: string }>('open').map(({ open }) => open.replace(/^fe80.*/, 'fe80')).sort())
      .toEqual([`::ffff:${ADDRESS.right.v4}`, ADDRESS.right.v6, 'fe80'].sort())
  })

  /** One client for each way to connect by name. */
  function byName(port: number, timeout?: number): HostProgram[] {
    return ['connectTCP', 'endpoint'].map((via) =>
      lab.start('right', { do: 'connect', via, host: 'left.example', port, names: BOTH, timeout }))
  }

  async function all(clients: HostProgram[], what: string): Promise<Record<string, unknown>[]> {
    return Promise.all(clients.map((client) => client.says(what)))
  }

  it('by name: the family that works is used when the first is a black hole', async () => {
    const { server, port } = await serve({ interface: '::' })
    const direct = byName(port)
    for (const one of await all(direct, 'connected')) expect(one).toMatchObject({ connected: ADDRESS.left.v6 })
    lab.drop('left', 'ip6 daddr fd77:201::/64 meta l4proto tcp')
    const around = byName(port, 15_000)
    for (const one of await all(around, 'connected')) expect(one).toMatchObject({ connected: ADDRESS.left.v4 })
    lab.clear('left')
    lab.drop('left', 'meta l4proto tcp')
    const nowhere = byName(port, 700)
    for (const one of await all(nowhere, 'failed')) expect(one).toEqual({ failed: 'TimeoutError' })
    lab.clear('left')
    await Promise.all([...direct, ...around, ...nowhere, server].map((program) => program.stop()))
  })

  it('by name: refused on both families says so, with the second beside the first', async () => {
    const { server, port } = await serve({ interface: '::' })
    await server.stop()
    const clients = byName(port)
    for (const one of await all(clients, 'failed')) {
      expect(one).toEqual({ failed: 'ConnectionRefusedError', others: ['ConnectionRefusedError'] })
    }
    await Promise.all(clients.map((client) => client.stop()))
  })

  it('names come from the hosts file and from DNS; one that is not there, and a server that is silent, are errors', async () => {
    lab.nameService('right', '192.0.2.55 in.hosts also.hosts\n2001:db8::55 in.hosts\n', ADDRESS.left.v4)
    const server = lab.start('left', { do: 'dns', interface: ADDRESS.left.v4, records: { 'in.example': '192.0.2.66' } })
    await server.says('bound')
    const names = ['in.hosts', 'also.hosts', 'in.example', 'not.example', 'silent.example']
    const asking = lab.start('right', { do: 'resolve', names })
    await asking.program.prints(new RegExp(`(?:\\{"resolved".*\\n){${names.length}}`))
    const answers = new Map(asking.all<{ resolved: string }>('resolved').map(({ resolved, ...rest }) => [resolved, rest]))
    expect([...(answers.get('in.hosts') as { addresses: string[] }).addresses].sort()).toEqual(['192.0.2.55', '2001:db8::55'])
    expect(answers.get('also.hosts')).toEqual({ addresses: ['192.0.2.55'] })
    expect(answers.get('in.example')).toEqual({ addresses: ['192.0.2.66'] })
    expect(answers.get('not.example')).toEqual({ error: 'DNSLookupError', code: 'ENOTFOUND' })
    expect(answers.get('silent.example')).toEqual({ error: 'DNSLookupError', code: 'EAI_AGAIN' })
    await Promise.all([asking.stop(), server.stop()])
  })

  it('a cable pulled in the middle of a transfer ends it once at each end, by the programs\' own patience', async () => {
    const { server, port } = await serve({ interface: '0.0.0.0' })
    const client = lab.start('right', { do: 'connect', via: 'connectTCP', host: ADDRESS.left.v4, port, bytes: null })
    await client.says('moving')
    lab.pullCable('right')
    for (const end of [client, server]) end.tell({ patience: 500 })
    expect(await all([client, server], 'lost')).toEqual([
      { lost: 'ConnectionAborted', times: 1 }, { lost: 'ConnectionAborted', times: 1 },
    ])
    await Promise.all([client.stop(), server.stop()])
    expect([client.all('lost').length, server.all('lost').length]).toEqual([1, 1])
  })

  it('a cable that is plugged in again costs nothing but the time', async () => {
    const { server, port } = await serve({ interface: '0.0.0.0' })
    const client = lab.start('right', { do: 'connect', via: 'endpoint', host: 'left.example', names: BOTH, port, bytes: null })
    const { moving } = await client.says<{ moving: number }>('moving')
    lab.pullCable('right')
    // So that some is sent into the void.
    await new Promise((resolve) => setTimeout(resolve, 100))
    lab.plugCable('right')
    client.tell({ enough: true })
    expect((await client.says<{ whole: number }>('whole')).whole).toBeGreaterThanOrEqual(moving)
    // The one end that comes is that of the programs.
    await client.stop()
    expect(await server.says('lost')).toEqual({ lost: 'ConnectionDone', times: 1 })
    await server.stop()
  })

  it('connecting with the cable out fails, and leaves nothing', async () => {
    const { server, port } = await serve({ interface: '0.0.0.0' })
    lab.pullCable('left')
    const client = lab.start('right', { do: 'connect', via: 'connectTCP', host: ADDRESS.left.v4, port, timeout: 500 })
    expect((await client.says<{ failed: string }>('failed')).failed).toMatch(/^(?:TimeoutError|NoRouteError)$/)
    lab.plugCable('left')
    await Promise.all([client.stop(), server.stop()])
  })
})
