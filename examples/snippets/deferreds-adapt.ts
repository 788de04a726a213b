/** Making Deferreds of what takes callbacks, of promises, and of plain functions, as the guide to Deferreds shows it. */
import { abortable, Deferred, maybeDeferred } from 'whorl'
import type { Failure, IReactorTime } from 'whorl'

/** As many interfaces are: it calls back once, with an error or a result. */
export type Ask = (question: string, done: (error: Error | null, answer?: string) => void) => { forget(): void }

export function askLater(ask: Ask, question: string): Deferred<string> {
  const answered = new Deferred<string>(() => asking.forget())
  const asking = ask(question, (error, answer) => {
    if (error === null) answered.callback(answer ?? '')
    else answered.errback(error)
  })
  return answered
}

export function fetchText(url: string): Deferred<string> {
  return abortable((signal) => fetch(url, { signal })).addCallback((response) => response.text())
}

export function parseAll(texts: string[], clock: IReactorTime): Deferred<unknown[]> {
  const parsed: unknown[] = []
  const done = new Deferred<unknown[]>(() => next.cancel())
  const parseOne = (): void => {
    const text = texts[parsed.length]
    if (text === undefined) return done.callback(parsed)
    maybeDeferred(JSON.parse, text).addCallbacks(
      (value: unknown) => {
        parsed.push(value)
        next = clock.callLater(0, parseOne)
      },
      (failure: Failure) => done.errback(failure),
    )
  }
  let next = clock.callLater(0, parseOne)
  return done
}
