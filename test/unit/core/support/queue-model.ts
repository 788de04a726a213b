/**
 * An event queue beside plain arrays.
 *
 * Runs random operations, and checks what must hold whatever the shares are: every event runs once; events of one
 * priority and source in order; those without a source in order for their priority; no source over its budget in a
 * drain; no more than the drain's budget; something whenever anything waits; nothing that came after the drain began.
 */
import type { EventQueue, Priority } from '../../../../src/core/index.js'

function hold(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the queue does not keep: ${what}`)
}

/** Runs `steps` operations, then what is left; frees the queue; throws at the first difference. */
export function runQueueModel(queue: EventQueue, random: () => number, steps: number): void {
  const whole = (most: number): number => Math.floor(random() * most)
  const lanes = new Map<string, number[]>()
  const sourceOf = new Map<number, number>()
  const laneOf = new Map<number, string>()
  const nextOf = new Map<string, number>()
  let nextId = 0
  let sourceBudget = 64
  let size = 0
  // After an error, what was handed out and did not run is not counted against its source again.
  let isAfterError = false
  let isEnding = false
  const sources = [0, 1, 2, 3, -5, 2 ** 31 - 1, ...Array.from({ length: whole(200) }, (_, i) => 100 + i)]

  function push(): void {
    const source = random() < 0.3 ? 1 : sources[whole(sources.length)]!
    const priority = whole(4) as Priority
    const id = nextId++
    const lane = `${priority}/${source}`
    if (!lanes.has(lane)) lanes.set(lane, [])
    lanes.get(lane)!.push(id)
    laneOf.set(id, lane)
    sourceOf.set(id, source)
    queue.push(id, priority, source)
    size++
  }

  function drain(budget: number, throwsAt: number): void {
    const before = nextId
    const ranOf = new Map<number, number>()
    let ran = 0
    const waiting = size
    const run = (): number => queue.drain(budget, (id) => {
      ran++
      size--
      if (id >= before) throw new Error(`${id} came after the drain began`)
      const lane = laneOf.get(id)!
      const at = nextOf.get(lane) ?? 0
      if (lanes.get(lane)![at] !== id) throw new Error(`${id} ran out of its order in ${lane}`)
      nextOf.set(lane, at + 1)
      const source = sourceOf.get(id)!
      ranOf.set(source, (ranOf.get(source) ?? 0) + 1)
      if (!isEnding && random() < 0.2) push()
      if (ran === throwsAt) throw new Error('stop')
    })
    let isWhole = true
    try {
      hold(run() === ran, 'drain counts what ran')
    } catch (error) {
      if (!(error instanceof Error && error.message === 'stop')) throw error
      isWhole = false
    }
    hold(ran <= budget, 'no more than the budget')
    hold(waiting === 0 || ran > 0, 'something, when anything waits')
    if (!isAfterError) {
      for (const [source, times] of ranOf) hold(source === 0 || times <= sourceBudget, 'no source over its budget')
    }
    isAfterError = !isWhole || (isAfterError && ran === budget)
    hold(queue.size === size, 'the size')
  }

  for (let step = 0; step < steps; step++) {
    const kind = random()
    if (kind < 0.5) {
      for (let i = whole(whole(10) === 0 ? 2000 : 100); i > 0; i--) push()
    } else if (kind < 0.6) {
      sourceBudget = 1 + whole(whole(2) === 0 ? 3 : 100)
      queue.setSourceBudget(sourceBudget)
    } else {
      const budget = 1 + whole([1, 4, 70, 700, 5000][whole(5)]!)
      drain(budget, random() < 0.2 ? 1 + whole(budget) : 0)
    }
    hold(queue.size === size, 'the size')
  }
  isEnding = true
  let rounds = 0
  while (size > 0) {
    hold(rounds++ < 200_000, 'an end')
    drain(1 + whole(2000), 0)
  }
  hold([...lanes].every(([name, lane]) => lane.length === nextOf.get(name)), 'every event')
  queue.free()
}
