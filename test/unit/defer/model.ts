/**
 * A small model of Deferred, for the test that compares the two on random programs.
 *
 * Written for obviousness, not speed: a list of levels that are taken off the front, and plain recursion. Shares no
 * code with the real one. A result is a text; a failure is a text that begins with `!`.
 */

/** What a callback of a program does, on the side it was added for. */
export type Action =
  | { kind: 'value'; tag: string }
  | { kind: 'pass' }
  | { kind: 'throw'; tag: string }
  | { kind: 'return'; target: number }
  | { kind: 'do'; step: Step }

/** One step of a program; `on` and `target` are numbers of Deferreds. */
export type Step =
  | { kind: 'add'; on: number; side: 'callback' | 'errback' | 'both'; action: Action }
  | { kind: 'fire'; on: number; tag: string; fails: boolean }
  | { kind: 'pause'; on: number }
  | { kind: 'unpause'; on: number }
  | { kind: 'cancel'; on: number }
  | { kind: 'chain'; on: number; target: number }
  | { kind: 'limit'; on: number; ms: number }
  | { kind: 'time'; on: number; ms: number }

/** What the canceller of a Deferred does. */
export type Cancelling = 'none' | 'nothing' | 'value' | 'failure' | 'throw'

interface Timer {
  due: number
  model: Model
  isOver: boolean
}

type Level =
  | { side: 'callback' | 'errback' | 'both'; action: Action; id: number }
  | { handTo: Model }
  | { link: Model }
  | { timer: Timer }

class Model {
  called = false
  running = false
  pauses = 0
  waitsFor: Model | undefined
  swallows = false
  cancelling = false
  result = 'undefined'
  levels: Level[] = []

  constructor(
    readonly world: World,
    readonly number: number,
    readonly canceller: Cancelling,
  ) {}

  get isHeld(): boolean {
    return this.pauses > 0 || this.waitsFor !== undefined
  }

  fire(result: string): void {
    if (this.called) {
      if (!this.swallows) throw new Error('AlreadyCalledError')
      this.swallows = false
      return
    }
    this.called = true
    this.result = result
    this.runIfFree()
  }

  add(level: Level): void {
    this.levels.push(level)
    this.runIfFree()
  }

  unpause(): void {
    if (this.pauses === 0) throw new Error('NotPaused')
    this.pauses--
    this.runIfFree()
  }

  cancel(): void {
    const seen = new Set<Model>()
    let last: Model = this
    while (last.waitsFor !== undefined) {
      if (seen.has(last)) {
        this.waitsFor = undefined
        this.result = '!CancelledError'
        return this.runIfFree()
      }
      seen.add(last)
      last = last.waitsFor
    }
    if (last.called || last.cancelling) return
    if (last.canceller === 'none') {
      last.swallows = true
    } else {
      last.cancelling = true
      this.world.log.push(`canceller of ${last.number}`)
      try {
        if (last.canceller === 'value') last.fire('cancelled')
        if (last.canceller === 'failure') last.fire('!own')
        if (last.canceller === 'throw') throw new Error('canceller')
      } finally {
        last.cancelling = false
      }
      if (last.called) return
    }
    last.fire('!CancelledError')
  }

  runIfFree(): void {
    if (this.called && !this.running && !this.isHeld) this.run()
  }

  run(): void {
    this.running = true
    while (this.levels.length > 0) {
      const level = this.levels.shift()!
      if ('handTo' in level) {
        const target = level.handTo
        if (target.waitsFor !== this) continue
        target.waitsFor = undefined
        target.result = this.result
        this.result = 'undefined'
        if (target.pauses > 0) continue
        this.running = false
        target.run()
        if (this.isHeld) return
        this.running = true
      } else if ('timer' in level) {
        const { timer } = level
        const { timers } = this.world
        if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1)
        if (timer.isOver && this.result === '!CancelledError') this.result = '!TimeoutError'
      } else if ('link' in level) {
        const { result } = this
        this.result = 'undefined'
        try {
          level.link.fire(result)
        } catch (error) {
          this.result = `!${(error as Error).message}`
        }
      } else if (this.call(level.side, level.action, level.id)) {
        this.running = false
        return
      }
    }
    this.running = false
  }

  /** Runs one callback; true if the chain has to wait for what it returned. */
  call(side: string, action: Action, id: number): boolean {
    const fails = this.result.startsWith('!')
    if (side === (fails ? 'callback' : 'errback')) return false
    this.world.log.push(`${this.number}.${id} got ${this.result}`)
    switch (action.kind) {
      case 'value':
        this.result = action.tag
        break
      case 'throw':
        this.result = `!${action.tag}`
        break
      case 'pass':
        break
      case 'do':
        this.world.do(action.step)
        this.result = 'undefined'
        break
      case 'return': {
        const inner = this.world.models[action.target]
        if (inner === this) {
          this.result = '!TypeError'
        } else if (inner.called && !inner.running && !inner.isHeld && inner.levels.length === 0) {
          this.result = inner.result
          inner.result = 'undefined'
        } else {
          this.waitsFor = inner
          inner.levels.push({ handTo: this })
          return true
        }
      }
    }
    return false
  }
}

/** Some Deferreds, and what happened to them. */
export class World {
  readonly log: string[] = []
  readonly models: Model[]
  timers: Timer[] = []
  now = 0
  #levels = 0

  constructor(cancellers: readonly Cancelling[]) {
    this.models = cancellers.map((canceller, number) => new Model(this, number, canceller))
  }

  do(step: Step): void {
    const model = this.models[step.on]
    try {
      switch (step.kind) {
        case 'add':
          return model.add({ side: step.side, action: step.action, id: this.#levels++ })
        case 'fire':
          return model.fire(step.fails ? `!${step.tag}` : step.tag)
        case 'pause':
          return void model.pauses++
        case 'unpause':
          return model.unpause()
        case 'cancel':
          return model.cancel()
        case 'chain':
          return model.add({ link: this.models[step.target] })
        case 'limit':
          return this.limit(model, step.ms)
        case 'time':
          return this.advance(step.ms)
      }
    } catch (error) {
      this.log.push(`${step.kind} threw ${(error as Error).message}`)
    }
  }

  limit(model: Model, ms: number): void {
    const timer = { due: this.now + ms, model, isOver: false }
    this.timers.push(timer)
    model.add({ timer })
  }

  advance(ms: number): void {
    this.now += ms
    for (;;) {
      const next = [...this.timers].sort((a, b) => a.due - b.due)[0]
      if (next === undefined || next.due > this.now) return
      this.timers.splice(this.timers.indexOf(next), 1)
      next.isOver = true
      next.model.cancel()
    }
  }

  state(): string[] {
    return this.models.map((model) => {
      const result = model.waitsFor === undefined ? model.result : `waits for ${model.waitsFor.number}`
      return `${model.called ? 'called' : 'not called'}, ${result}`
    })
  }
}
