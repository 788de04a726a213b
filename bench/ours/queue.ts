/** Our side of the queue subject: the event queue of the core, as the reactor uses it. */
import type { Side } from '../model.js'
import { nodeCore } from '../../bindings/node/index.js'

export const EVENT_QUEUE = 'core.queue'

export const eventQueue = (batch: number): Side => ({
  name: EVENT_QUEUE, role: 'ours',
  start() {
    const queue = nodeCore().createQueue()
    let count = 0
    const onEvent = (): void => { count++ }
    return {
      run(n) {
        count = 0
        for (let done = 0; done < n; done += batch) {
          for (let i = 0; i < batch; i++) queue.push(i)
          queue.drain(batch, onEvent)
        }
        return String(count)
      },
      dispose: () => queue.free(),
    }
  },
})
