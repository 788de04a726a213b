/**
 * Sources of events: what each had of its budget in this drain, and what it has to wait with.
 *
 *      128 table   132 mask   136 used   140 epoch   144 source budget   148 first backlog   152 last backlog
 *      160 held by priority (4)
 *
 *      table entry:  | source | epoch | ran in this drain | backlog |      valid only for the epoch it names
 *      backlog:      | source | next  | held events | – | (first, last) for each priority |
 *      held event:   | next   | id    |
 *
 * The table forgets everything by counting its epoch up; only sources with a backlog are entered again.
 * Owns: budgets and backlogs. Must not know: lanes and their quotas.
 */
import { allocate, release } from "../memory/slab"
import { PRIORITIES } from "../abi/limits"

export const Q_SOURCE_BUDGET = 144
const Q_TABLE = 128
const Q_TABLE_MASK = 132
const Q_TABLE_USED = 136
const Q_EPOCH = 140
const Q_FIRST = 148
const Q_LAST = 152
const Q_HELD = 160

const FIRST_TABLE = 64
const ENTRY_BYTES = 16
const E_EPOCH = 4
const E_RAN = 8
const E_BACKLOG = 12

const BACKLOG_BYTES = 48
const B_NEXT = 4
const B_COUNT = 8
const B_LISTS = 16
const HELD_BYTES = 16

/** Makes the table of a queue; false when memory is out. */
export function makeSources(q: usize): bool {
  const table = allocate(FIRST_TABLE * ENTRY_BYTES)
  if (table == 0) return false
  memory.fill(table, 0, FIRST_TABLE * ENTRY_BYTES)
  store<u32>(q, <u32>table, Q_TABLE)
  store<u32>(q, FIRST_TABLE - 1, Q_TABLE_MASK)
  store<u32>(q, 1, Q_EPOCH)
  return true
}

/** Gives back the table and all backlogs. */
export function freeSources(q: usize): void {
  let backlog = <usize>load<u32>(q, Q_FIRST)
  while (backlog != 0) {
    const next = <usize>load<u32>(backlog, B_NEXT)
    for (let p: u32 = 0; p < <u32>PRIORITIES; p++) {
      let event = <usize>load<u32>(listOf(backlog, p))
      while (event != 0) {
        const following = <usize>load<u32>(event)
        release(event, HELD_BYTES)
        event = following
      }
    }
    release(backlog, BACKLOG_BYTES)
    backlog = next
  }
  release(load<u32>(q, Q_TABLE), (load<u32>(q, Q_TABLE_MASK) + 1) * ENTRY_BYTES)
}

// @ts-ignore: decorator
@inline
function listOf(backlog: usize, priority: u32): usize {
  return backlog + B_LISTS + (<usize>priority << 3)
}

/** How many events of this priority are held. */
// @ts-ignore: decorator
@inline
export function heldCount(q: usize, priority: u32): u32 {
  return load<u32>(q + (<usize>priority << 2), Q_HELD)
}

// @ts-ignore: decorator
@inline
function countHeld(q: usize, priority: u32, by: i32): void {
  const at = q + (<usize>priority << 2)
  store<i32>(at, load<i32>(at, Q_HELD) + by, Q_HELD)
}

/** The entry of a source, or the place for it, in a table of the given mask. */
function probe(table: usize, mask: u32, epoch: u32, source: i32): usize {
  let hash = <u32>source * 0x9e3779b1
  hash ^= hash >>> 15
  while (true) {
    const entry = table + <usize>(hash & mask) * ENTRY_BYTES
    if (load<u32>(entry, E_EPOCH) != epoch || load<i32>(entry) == source) return entry
    hash++
  }
}

/** Doubles the table; false when memory is out. */
function growTable(q: usize): bool {
  const old = <usize>load<u32>(q, Q_TABLE)
  const size = load<u32>(q, Q_TABLE_MASK) + 1
  const table = allocate((size << 1) * ENTRY_BYTES)
  if (table == 0) return false
  memory.fill(table, 0, (size << 1) * ENTRY_BYTES)
  const epoch = load<u32>(q, Q_EPOCH)
  for (let i: u32 = 0; i < size; i++) {
    const entry = old + <usize>i * ENTRY_BYTES
    if (load<u32>(entry, E_EPOCH) != epoch) continue
    memory.copy(probe(table, (size << 1) - 1, epoch, load<i32>(entry)), entry, ENTRY_BYTES)
  }
  release(old, size * ENTRY_BYTES)
  store<u32>(q, <u32>table, Q_TABLE)
  store<u32>(q, (size << 1) - 1, Q_TABLE_MASK)
  return true
}

/** The entry of a source in this drain, made if need be; 0 when memory is out. */
function entryOf(q: usize, source: i32): usize {
  const epoch = load<u32>(q, Q_EPOCH)
  let entry = probe(load<u32>(q, Q_TABLE), load<u32>(q, Q_TABLE_MASK), epoch, source)
  if (load<u32>(entry, E_EPOCH) == epoch) return entry
  if (load<u32>(q, Q_TABLE_USED) << 1 > load<u32>(q, Q_TABLE_MASK)) {
    if (!growTable(q)) return 0
    entry = probe(load<u32>(q, Q_TABLE), load<u32>(q, Q_TABLE_MASK), epoch, source)
  }
  store<i32>(entry, source)
  store<u32>(entry, epoch, E_EPOCH)
  store<u32>(entry, 0, E_RAN)
  store<u32>(entry, 0, E_BACKLOG)
  store<u32>(q, load<u32>(q, Q_TABLE_USED) + 1, Q_TABLE_USED)
  return entry
}

/** Begins another drain: every source has its whole budget again. */
export function nextDrain(q: usize): void {
  if (load<u32>(q, Q_TABLE_USED) == 0) return
  let epoch = load<u32>(q, Q_EPOCH) + 1
  if (epoch == 0) {
    memory.fill(load<u32>(q, Q_TABLE), 0, (load<u32>(q, Q_TABLE_MASK) + 1) * ENTRY_BYTES)
    epoch = 1
  }
  store<u32>(q, epoch, Q_EPOCH)
  store<u32>(q, 0, Q_TABLE_USED)
  for (let b = <usize>load<u32>(q, Q_FIRST); b != 0; b = load<u32>(b, B_NEXT)) {
    // Never more than the last drain had, so the table has room.
    store<u32>(entryOf(q, load<i32>(b)), <u32>b, E_BACKLOG)
  }
}

/** 1 when an event of this source may run now, counting it; 0 when it must be held; -1 when memory is out. */
export function mayRun(q: usize, source: i32, priority: u32): i32 {
  const entry = entryOf(q, source)
  if (entry == 0) return -1
  const backlog = <usize>load<u32>(entry, E_BACKLOG)
  if (backlog != 0 && load<u32>(listOf(backlog, priority)) != 0) return 0
  const ran = load<u32>(entry, E_RAN)
  if (ran >= load<u32>(q, Q_SOURCE_BUDGET)) return 0
  store<u32>(entry, ran + 1, E_RAN)
  return 1
}

/** Holds an event of a source back for the next drain; false when memory is out. */
export function hold(q: usize, source: i32, priority: u32, id: i32): bool {
  const entry = entryOf(q, source)
  if (entry == 0) return false
  const event = allocate(HELD_BYTES)
  if (event == 0) return false
  let backlog = <usize>load<u32>(entry, E_BACKLOG)
  if (backlog == 0) {
    backlog = allocate(BACKLOG_BYTES)
    if (backlog == 0) {
      release(event, HELD_BYTES)
      return false
    }
    memory.fill(backlog, 0, BACKLOG_BYTES)
    store<i32>(backlog, source)
    store<u32>(entry, <u32>backlog, E_BACKLOG)
    appendBacklog(q, backlog)
  }
  store<u32>(event, 0)
  store<i32>(event, id, 4)
  const list = listOf(backlog, priority)
  if (load<u32>(list) == 0) store<u32>(list, <u32>event)
  else store<u32>(load<u32>(list, 4), <u32>event)
  store<u32>(list, <u32>event, 4)
  store<u32>(backlog, load<u32>(backlog, B_COUNT) + 1, B_COUNT)
  countHeld(q, priority, 1)
  return true
}

function appendBacklog(q: usize, backlog: usize): void {
  store<u32>(backlog, 0, B_NEXT)
  if (load<u32>(q, Q_FIRST) == 0) store<u32>(q, <u32>backlog, Q_FIRST)
  else store<u32>(load<u32>(q, Q_LAST), <u32>backlog, B_NEXT)
  store<u32>(q, <u32>backlog, Q_LAST)
}

/** Writes up to `most` held ids of a priority to `out`, each source within its budget; how many. */
export function takeHeld(q: usize, priority: u32, out: usize, most: u32): u32 {
  if (most == 0 || heldCount(q, priority) == 0) return 0
  const budget = load<u32>(q, Q_SOURCE_BUDGET)
  const last = <usize>load<u32>(q, Q_LAST)
  let written: u32 = 0
  // Each backlog once; whoever was served goes to the end, so that a small quota serves others next time.
  while (written < most) {
    const backlog = <usize>load<u32>(q, Q_FIRST)
    const entry = entryOf(q, load<i32>(backlog))
    const list = listOf(backlog, priority)
    let ran = load<u32>(entry, E_RAN)
    let event = <usize>load<u32>(list)
    let taken = 0
    while (event != 0 && ran < budget && written < most) {
      store<i32>(out + (<usize>written << 2), load<i32>(event, 4))
      const next = <usize>load<u32>(event)
      release(event, HELD_BYTES)
      event = next
      ran++
      written++
      taken++
    }
    store<u32>(list, <u32>event)
    if (event == 0) store<u32>(list, 0, 4)
    store<u32>(entry, ran, E_RAN)
    countHeld(q, priority, -taken)
    const left = load<u32>(backlog, B_COUNT) - taken
    store<u32>(backlog, left, B_COUNT)
    store<u32>(q, load<u32>(backlog, B_NEXT), Q_FIRST)
    if (left != 0) {
      appendBacklog(q, backlog)
    } else {
      store<u32>(entry, 0, E_BACKLOG)
      release(backlog, BACKLOG_BYTES)
    }
    if (backlog == last || load<u32>(q, Q_FIRST) == 0) break
  }
  return written
}
