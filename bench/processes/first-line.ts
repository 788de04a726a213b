/**
 * One fresh process: imports a module of the package and has its core parse one line. Prints milliseconds: all of it,
 * what of it was the import and what compiling WebAssembly, and the CPU time of all threads. Argument: the URL of the module.
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
const usedBefore = process.cpuUsage()
const whorl = await import(process.argv[2] as string) as Partial<typeof import('whorl/core') & typeof import('whorl')>
const imported = performance.now() - began
const lines: unknown[] = []
if (whorl.LineReceiver !== undefined) {
  class Lines extends whorl.LineReceiver {
    override lineReceived(line: string | Uint8Array): void { lines.push(line) }
  }
  const receiver = new Lines()
  receiver.makeConnection({ disconnecting: false } as never)
  receiver.dataReceived(bytes)
} else {
  const parser = (whorl.createCore as typeof import('whorl/core').createCore)()
    .lineParser({ handler: { line: (line) => { lines.push(line) } } })
  parser.receive(bytes)
}
const all = performance.now() - began
const used = process.cpuUsage(usedBefore)
if (lines.length !== 1) throw new Error('no line was parsed')
process.stdout.write(JSON.stringify({ all, compiling, imported, cpu: (used.user + used.system) / 1000 }))
