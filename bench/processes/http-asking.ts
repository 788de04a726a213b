/**
 * What all HTTP clients that are compared have in common: so many workers, each of which asks again when it has read
 * the answer to its end.
 */
import { answerQuestions, ownUsage } from './control.js'
import { HELLO } from './http-places.js'

/** Makes what asks once, and gives the body. @param connections how many there may be */
export type MakeAsk = (port: number, connections: number) => () => PromiseLike<string>

/** Answers the questions of the benchmarks. */
export function askingProgram(make: MakeAsk): void {
  let ask: ReturnType<MakeAsk> | null = null
  answerQuestions(async (question) => {
    if (question.do === 'usage') return ownUsage()
    const [port, connections, count] = [Number(question.port), Number(question.connections), Number(question.count)]
    const once = ask ??= make(port, connections)
    let left = count
    let done = 0
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        if (await once() !== HELLO) throw new Error('the body is another one')
        done++
      }
    }
    await Promise.all(Array.from({ length: connections }, worker))
    return { check: done }
  })
}
