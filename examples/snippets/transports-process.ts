/** Child processes, as the guide to transports shows them: one to speak with, one for what it says. */
import { Deferred, getProcessOutput, ProcessDone, ProcessProtocol } from 'whorl'
import type { Failure, IReactorProcess } from 'whorl'

/** Sorts lines with the program `sort`. */
export class Sorting extends ProcessProtocol {
  readonly sorted = new Deferred<string>(() => this.transport.signalProcess('TERM'))
  #text = ''

  constructor(readonly lines: readonly string[]) {
    super()
  }

  override connectionMade(): void {
    this.transport.writeSequence(this.lines.map((line) => `${line}\n`))
    this.transport.closeStdin()
  }

  override outReceived(data: Uint8Array): void {
    this.#text += new TextDecoder().decode(data)
  }

  override processEnded(reason: Failure): void {
    if (this.sorted.called) return
    if (reason.check(ProcessDone)) this.sorted.callback(this.#text)
    else this.sorted.errback(reason)
  }
}

export function sort(reactor: IReactorProcess, lines: readonly string[]): Deferred<string> {
  const sorting = new Sorting(lines)
  reactor.spawnProcess(sorting, 'sort', [], { env: { LC_ALL: 'C' } })
  return sorting.sorted
}

export async function systemName(reactor: IReactorProcess): Promise<string> {
  const output = await getProcessOutput(reactor, 'uname', ['-s'])
  return new TextDecoder().decode(output).trim()
}
