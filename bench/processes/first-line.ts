/**
 * One fresh process: imports a module of the package and has its core parse one line. Prints milliseconds: all of it,
 * and what of it was compiling WebAssembly. Argument: the URL of the module.
 */
const { WebAssembly: wasm } = globalThis
const { Module } = wasm
let compiling = 0
wasm.Module = new Proxy(Module, {
  construct(target, args: [BufferSource]) {
    const began = performance.now()
    const made = new target(...args)
    compiling += performance.now() - began
    return made
  },
})

const bytes = new TextEncoder().encode('hello\r\n')
const began = performance.now()
const { defaultCore } = await import(process.argv[2] as string) as typeof import('../../src/core/index.js')
const lines: unknown[] = []
const parser = defaultCore().lineParser({ handler: { line: (line: unknown) => { lines.push(line) } } } as never)
parser.receive(bytes)
const all = performance.now() - began
if (lines.length !== 1) throw new Error('no line was parsed')
process.stdout.write(JSON.stringify({ all, compiling }))
