/** await and inlineCallbacks over Deferreds, as the guide shows them. */
import { Deferred, DeferredQueue, inlineCallbacks } from 'whorl'

export async function firstTwo(queue: DeferredQueue<string>): Promise<string> {
  const first = await queue.get()
  const second = await queue.get()
  return `${first} ${second}`
}

export const nextTwo = inlineCallbacks(function* (queue: DeferredQueue<string>, log: string[]) {
  try {
    const first: string = yield queue.get()
    const second: string = yield queue.get()
    return `${first} ${second}`
  } finally {
    log.push('done waiting')
  }
})

export function lengthOf(text: Deferred<string>): Deferred<number> {
  return text.addCallback(async (value) => {
    await Promise.resolve()
    return value.length
  })
}
