/**
 * dist/none.script.js in a context of node:vm that has nothing of the web: what is usually made of URLSearchParams,
 * AbortController, TextEncoder and the like is there all the same.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as vm from 'node:vm'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Runs the body of an async function in a bare context that has a core; its result goes through JSON. */
async function inside(body: string): Promise<unknown> {
  const context = vm.createContext(Object.create(null) as object, { codeGeneration: { strings: false, wasm: false } })
  vm.runInContext(readFileSync(`${root}/dist/none.script.js`, 'utf8'), context)
  context['module'] = new WebAssembly.Module(readFileSync(`${root}/dist/core.wasm`))
  const text = await (vm.runInContext(`(async () => {
    const reactor = whorl.createReactor({ module })
    ${body}
  })().then(JSON.stringify)`, context) as Promise<string>)
  return JSON.parse(text)
}

describe('in a bare context', () => {
  it('there is nothing of the web', async () => {
    expect(await inside(`return [
      typeof URL, typeof URLSearchParams, typeof TextEncoder, typeof AbortController, typeof structuredClone,
      typeof setTimeout, typeof queueMicrotask, typeof Event, typeof DOMException]`)).toEqual(Array(9).fill('undefined'))
  })

  it('a Deferred can be awaited, time out, and be cancelled by a signal and as one', async () => {
    expect(await inside(`
      const fired = new whorl.Deferred()
      fired.callback(1)
      const slow = new whorl.Deferred().addTimeout(50, reactor)
      const told = []
      const call = whorl.abortable((signal) => {
        signal.addEventListener('abort', () => told.push(String(signal.reason)))
        const inner = whorl.cancelOnAbort(signal, new whorl.Deferred())
        inner.addErrback((failure) => void told.push(failure.value.name))
        signal.addEventListener('abort', () => told.push(signal.aborted))
        return new whorl.Deferred()
      })
      call.addErrback((failure) => failure.value.name)
      call.cancel()
      reactor.turn(49)
      const before = slow.called
      reactor.turn(50)
      return [await fired, before, await slow.addErrback((failure) => failure.value.name), await call, told]
    `)).toEqual([1, false, 'TimeoutError', 'CancelledError', [
      'AbortError: This operation was aborted', true, 'CancelledError',
    ]])
  })

  it('a task group has a signal, also one that was cancelled', async () => {
    expect(await inside(`
      const told = []
      const sum = await whorl.taskGroup(async (group) => {
        const [one, two] = [group.start(() => 1), group.start(async () => 2)]
        told.push(group.signal.aborted)
        return await one + await two
      })
      const group = whorl.taskGroup((one) => {
        one.start(() => new Promise((resolve) => one.signal.addEventListener('abort', () => resolve(told.push('told')))))
        return whorl.fail(new RangeError('planted'))
      })
      const ended = await group.addErrback((failure) => failure.value.failures.length)
      return [sum, told, ended]
    `)).toEqual([3, [false, 'told'], 1])
  })

  it('a request of HTTP has its path, query, text and signal', async () => {
    expect(await inside(`
      const told = []
      const site = new whorl.Site(async (request, response) => {
        request.signal.addEventListener('abort', () => told.push(request.signal.reason.name))
        const { query } = request
        told.push(request.path, query.get('name'), query.getAll('n'), [...query.keys()].join(), String(query))
        told.push(await request.text())
        if (request.method === 'POST') response.end('grüße')
      }, { reactor })
      const transport = new whorl.StringTransport()
      const channel = site.buildProtocol(transport.getPeer())
      channel.makeConnection(transport)
      const { encode } = whorl.portableText()
      channel.dataReceived(encode('POST /a%20b?name=J%C3%BCrgen+M&n=1&n=%zz HTTP/1.1\\r\\nHost: h\\r\\n'
        + 'Content-Length: 6\\r\\n\\r\\nüö12'))
      for (let i = 0; i < 20; i++) await undefined
      channel.dataReceived(encode('GET /c HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n'))
      for (let i = 0; i < 20; i++) await undefined
      channel.connectionLost(new whorl.Failure(new whorl.ConnectionLost()))
      return [told, transport.text().split('\\r\\n').at(-1)]
    `)).toEqual([[
      '/a b', 'Jürgen M', ['1', '%zz'], 'name,n,n', 'name=J%C3%BCrgen+M&n=1&n=%25zz', 'üö12',
      '/c', null, [], '', '', '', 'ConnectionLost',
    ], 'grüße'])
  })

  it('what it has no stand-in for says so', async () => {
    expect(await inside(`
      const names = []
      for (const make of [
        () => whorl.handlerFromFetch(async () => null),
        () => new whorl.Agent(reactor).request('GET', 'http://grüße.example/'),
      ]) {
        try { await make(); names.push('nothing') } catch (error) { names.push(error.name + ' ' + error.feature) }
      }
      return names`)).toEqual(['NotSupportedError Request', 'NotSupportedError URL'])
  })
})
