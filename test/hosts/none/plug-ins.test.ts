/**
 * dist/none.js where nothing is defined, and the example of a host of plug-ins, in worker threads.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as vm from 'node:vm'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const textOf = (path: string): string => readFileSync(`${root}/${path}`, 'utf8')

function bare(): vm.Context {
  const context = vm.createContext(Object.create(null) as object, { codeGeneration: { strings: false, wasm: false } })
  vm.runInContext(textOf('dist/none.script.js'), context)
  return context
}

describe('whorl/none', () => {
  it('is one file that imports nothing to be there', () => {
    expect(textOf('dist/none.js')).not.toMatch(/^\s*import\b/m)
    expect(textOf('dist/none.script.js')).not.toMatch(/^\s*(?:import|export)\b/m)
  })

  it('defines `whorl` and nothing else where only ECMAScript is', () => {
    const fresh = vm.createContext(Object.create(null) as object)
    const before = vm.runInContext('Object.getOwnPropertyNames(globalThis)', fresh) as string[]
    const after = vm.runInContext('Object.getOwnPropertyNames(globalThis)', bare()) as string[]
    expect(after.filter((name) => !before.includes(name))).toEqual(['whorl'])
  })

  it('takes a module of another realm where compiling is forbidden, and a clock that is told', () => {
    const context = bare()
    context['module'] = new WebAssembly.Module(readFileSync(`${root}/dist/core.wasm`))
    const told = vm.runInContext(`
      const reactor = whorl.createReactor({ module }), calls = []
      reactor.callLater(10, () => calls.push(reactor.now()))
      const waits = [reactor.turn(0), reactor.turn(4), reactor.turn(10), reactor.turn(9)]
      JSON.stringify([waits.map((one) => one === Infinity ? 'never' : one), calls])`, context) as string
    expect(JSON.parse(told)).toEqual([[10, 6, 'never', 'never'], [10]])
  })

  it.each([
    ['reactor.listenTCP(1, new whorl.Factory())', 'listenTCP: the embedder passed no `send`'],
    ['reactor.listenUNIX("/x", new whorl.Factory())', 'listenUNIX: a bare context has nothing of the kind'],
    ['reactor.connectSSL("x", 1, new whorl.ClientFactory())', 'connectSSL: TLS needs a host that has it'],
    ['reactor.entropy(1)', 'entropy'],
    ['reactor.wallClock()', 'wallClock'],
  ])('%s says what is lacking', (code, why) => {
    const context = bare()
    context['module'] = new WebAssembly.Module(readFileSync(`${root}/dist/core.wasm`))
    const said = vm.runInContext(`
      const reactor = whorl.createReactor({ module })
      try { ${code}; 'nothing' } catch (error) { error.name + ' ' + error.message }`, context) as string
    expect(said).toContain(`NotSupportedError The host 'none' does not support ${why}`)
  })

  it('says what is missing where no core was passed', () => {
    const code = 'try { whorl.createReactor({}).callLater(1, () => 0) } catch (error) { error.message }'
    expect(vm.runInContext(code, bare())).toContain('createReactor({ module })')
  })

  it('createCore() says so too, and makes further cores of the builds that were passed', () => {
    const context = bare()
    const say = (code: string): unknown =>
      vm.runInContext(`try { ${code} } catch (error) { error.name + ' ' + error.message }`, context)
    const lacking = 'CoreError This context carries no core: pass { module }, a compiled core.wasm, or ' +
      '{ instantiate: instantiatePlain }.'
    expect(say('whorl.createCore()')).toBe(lacking)
    expect(say('whorl.createCore({ build: \'simd\' })')).toBe(lacking)
    expect(say('whorl.defaultCore()')).toBe(lacking)
    context['module'] = new WebAssembly.Module(readFileSync(`${root}/dist/core.wasm`))
    const size = 'memoryUsage().total > 0'
    expect(say(`whorl.createCore({ module }).${size}`)).toBe(true)
    expect(say('whorl.createCore()')).toBe(lacking)
    vm.runInContext('whorl.createReactor({ modules: { simd: module } })', context)
    expect(say(`whorl.createCore().${size} && whorl.createCore({ build: 'simd' }).${size}`)).toBe(true)
    expect(say('whorl.createCore({ build: \'baseline\' })')).toBe(lacking)
    expect(say('whorl.createCore() === whorl.createCore()')).toBe(false)
  })

  it('createCore() says what is missing where there is no WebAssembly', () => {
    const context = bare()
    vm.runInContext('delete globalThis.WebAssembly', context)
    expect(vm.runInContext('try { whorl.createCore() } catch (error) { error.name + " " + error.message }', context))
      .toBe('CoreError This host has no WebAssembly: pass { instantiate: instantiatePlain } from whorl/core/plain.')
  })
})

describe('docs/guide/none.md', () => {
  it('has an example that runs', async () => {
    const [, example] = /```js\n([^]*?)```/.exec(textOf('docs/guide/none.md'))!
    const folder = mkdtempSync(`${root}/build/guide-`)
    try {
      // A server of the host's, and a client in the context.
      writeFileSync(`${folder}/main.mjs`, `${example}
        import { Factory, Protocol } from 'whorl'
        class Echo extends Protocol { dataReceived(data) { this.transport.write(data) } }
        const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: '127.0.0.1' })
        await port.ready
        context.port = port.getHost().port
        context.done = (text) => { console.log(text); process.exit(0) }
        context.reactor = inside
        vm.runInContext(\`
          class Asking extends whorl.Protocol {
            connectionMade() { this.transport.write('hello') }
            dataReceived(data) { done(String.fromCharCode(...data)) }
          }
          new whorl.TCP4ClientEndpoint(reactor, '127.0.0.1', port).connect(whorl.Factory.forProtocol(Asking))
        \`, context)`)
      const { stdout } = await promisify(execFile)(process.execPath, [`${folder}/main.mjs`], { cwd: root })
      expect(stdout).toBe('hello\n')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 30_000)
})

describe('examples/plugin-host', () => {
  it('a plug-in does its work, reaches nothing else, is stopped when it hangs, and nobody else notices', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [`${root}/build/js/examples/plugin-host/main.js`])
    const { greeted, prowled, looped, noticed } = JSON.parse(stdout) as Record<string, {
      said: string[], ended: string, answers: number, lost: boolean
    }>
    expect(greeted).toEqual({ said: ['heard hello', 'lost ConnectionDone'], ended: 'it was done' })
    expect(prowled!.said).toHaveLength(7)
    expect(prowled!.said[0]).toBe('globals: ')
    expect(prowled!.said.filter((line) => /reached/.test(line))).toEqual([])
    expect(looped).toEqual({ said: ['looping'], ended: 'it did not come back' })
    expect(noticed!.answers).toBeGreaterThan(10)
    expect(noticed!.lost).toBe(false)
  }, 30_000)
})
