/**
 * A trace as a sequence diagram: an SVG picture of its own, without scripts, for light and dark surroundings.
 *
 * Owns: how life lines, arrows and marks look. Must not know: which there are (layout.ts).
 */

import { filterTrace } from './filter.js'
import type { TraceFilter } from './filter.js'
import { fitted, shortened, widthOf } from './labels.js'
import { layOut } from './layout.js'
import type { Arrow, Layout, Mark, Row } from './layout.js'
import { escaped } from './markup.js'
import { printable } from './print.js'
import type { TraceReader } from './reader.js'
import type { TraceHost } from './records.js'
import { DIAGRAM_STYLE } from './style.js'

/** What a diagram shows. */
export interface TraceDrawOptions {
  filter?: TraceFilter
  /** Records at most; those after them are left out, and the diagram says so. Default 500. */
  limit?: number
  /** Shows timers, too, as dots. Default false. */
  timers?: boolean
  /** Above the diagram. Default: seed and digest. */
  title?: string
}

/** Room for times, at least. */
const TIMES = 96
const COLUMN = 250
const MARGIN = 40
const HEAD = 40
/** Between a life line and what is beside it. */
const GAP = 9
/** Most characters of a title, and of the name of a host. */
const TITLE = 120
const NAME = 28
/** A diagram of this height has the names of hosts below, too. */
const TALL = 700

/** @returns the text of an SVG file */
export function drawTrace(reader: TraceReader, options: TraceDrawOptions = {}): string {
  const { filter = {}, limit = 500, timers = false } = options
  const { seed, digest } = reader.head
  const title = options.title ?? `seed ${seed}, digest ${digest}`
  return new Drawing(layOut(filterTrace(reader, filter), reader.hosts(), limit, timers), title).svg()
}

class Drawing {
  readonly #layout: Layout
  readonly #title: string
  readonly #columns = new Map<number, number>()
  /** Where the first life line may be. */
  readonly #left: number
  readonly #width: number

  constructor(layout: Layout, title: string) {
    const { hosts, rows, arrows, marks } = layout
    this.#layout = layout
    this.#title = shortened(printable(title), TITLE)
    this.#left = Math.max(TIMES, widthOf(timeOf(rows.at(-1))) + 24)
    for (const [i, { id }] of hosts.entries()) this.#columns.set(id, this.#left + MARGIN + COLUMN * i)
    // Labels that go to the right may reach beyond the last host.
    const ends = [
      this.#left + MARGIN * 2 + COLUMN * Math.max(1, hosts.length - 1), 24 + widthOf(this.#title),
      ...arrows.filter((arrow) => !this.#goesBack(arrow)).map(({ from, label }) => this.#behind(from, label)),
      ...marks.map(({ host, label }) => host === null ? this.#left + 80 + widthOf(label) : this.#behind(host, label)),
    ]
    this.#width = ends.reduce((most, end) => Math.max(most, end), 0)
  }

  svg(): string {
    const { height, hosts, arrows, marks, rows, isCut } = this.#layout
    const title = this.#title
    const isTall = height > TALL
    const all = height + (isTall ? 16 : 0) + (isCut ? 24 : 0)
    const text = [
      `<svg xmlns="http://www.w3.org/2000/svg" class="trace" width="${this.#width}" height="${all}" ` +
        `viewBox="0 0 ${this.#width} ${all}" role="img" aria-label="${escaped(`Sequence diagram: ${title}`)}">`,
      `<title>${escaped(title)}</title>`,
      `<style>${DIAGRAM_STYLE}</style>`,
      '<rect class="paper" width="100%" height="100%"/>',
      `<text class="title" x="12" y="18">${escaped(title)}</text>`,
      ...this.#times(rows),
      ...hosts.map((host) => this.#lifeLine(host)),
      ...hosts.map((host) => this.#name(host, HEAD - 6) + (isTall ? this.#name(host, height + 4) : '')),
      ...marks.filter(({ host }) => host === null).map((mark) => this.#everywhere(mark)),
      // Labels above all lines, so that none is crossed out.
      ...arrows.map((arrow) => this.#arrow(arrow)),
      ...arrows.filter(({ label }) => label !== '').map((arrow) => this.#label(arrow)),
      ...marks.filter(({ host }) => host !== null).map((mark) => this.#mark(mark)),
    ]
    if (isCut) {
      const words = '… and more: filter by host, connection or time'
      text.push(`<text class="cut" x="${this.#left + 8}" y="${all - 16}">${words}</text>`)
    }
    return `${text.join('\n')}\n</svg>\n`
  }

  /** The time where it changes. */
  #times(rows: readonly Row[]): string[] {
    return rows.filter(({ time }, i) => time !== rows[i - 1]?.time).map((row) => {
      return `<text class="time" x="${this.#left - 12}" y="${row.y + 4}">${timeOf(row)}</text>`
    })
  }

  #name({ id, name }: TraceHost, y: number): string {
    return `<text class="host" x="${this.#columns.get(id)}" y="${y}">${escaped(shortened(printable(name), NAME))}</text>`
  }

  /** Solid while the host is up. */
  #lifeLine(host: TraceHost): string {
    const x = this.#column(host)
    const { height, marks } = this.#layout
    const lines: string[] = []
    let from = HEAD
    let isUp = true
    for (const { style, row } of marks.filter((mark) => mark.host?.id === host.id)) {
      if (style !== 'up' && style !== 'crash') continue
      lines.push(lifeOf(x, from, row.y, isUp))
      from = row.y
      isUp = style === 'up'
    }
    lines.push(lifeOf(x, from, height - 12, isUp))
    return `<g><title>${escaped(host.name)}</title>${lines.join('')}</g>`
  }

  #arrow(arrow: Arrow): string {
    const { from, to, sent, arrived, end, title } = arrow
    const x1 = this.#column(from)
    const isSelf = from.id === to.id
    const x2 = isSelf ? x1 : this.#column(to)
    const way = x2 < x1 ? -1 : 1
    const half = isSelf ? COLUMN * 0.4 : Math.abs(x2 - x1) * 0.45
    const drawn = end !== 'arrived' ? stoppedPath(x1, half, way, sent.y, arrived.y, end)
      : isSelf ? selfPath(x1, sent.y, arrived.y) : straightPath(x1, sent.y, x2, arrived.y)
    const where = `${from.name} → ${isSelf && end !== 'arrived' ? '' : to.name}`
    const hint = `<title>${escaped(`${where}\n${title}`)}</title>`
    return `<g class="arrow ${look(arrow)}" data-r="${sent.index} ${arrived.index}">${hint}${drawn}</g>`
  }

  #label(arrow: Arrow): string {
    const { from, sent, arrived, label } = arrow
    const x = this.#column(from)
    const goesBack = this.#goesBack(arrow)
    const where = goesBack ? `text-anchor="end" x="${x - GAP}"` : `x="${x + GAP}"`
    // To the left, there is no more room than up to the times.
    const words = goesBack ? fitted(label, x - GAP - this.#left) : label
    return `<g class="arrow ${look(arrow)}" data-r="${sent.index} ${arrived.index}">` +
      `<text ${where} y="${sent.y - 4}">${escaped(words)}</text></g>`
  }

  #mark({ host, style, label, row: { y, index } }: Mark): string {
    const x = this.#column(host as TraceHost)
    const radius = style === 'timer' ? 2 : 4
    const shape = style === 'crash' ? cross(x, y, 6) : `<circle cx="${x}" cy="${y}" r="${radius}"/>`
    const words = label === '' ? '' : `<text x="${x + GAP}" y="${y + 4}">${escaped(label)}</text>`
    return `<g class="mark ${style}" data-r="${index}">${shape}${words}</g>`
  }

  #everywhere({ style, label, row: { y, index } }: Mark): string {
    const words = `${style === 'fault' ? 'fault: ' : ''}${label}`
    const from = this.#left + widthOf(words) + 8
    const line = from < this.#width - 8 ? `<line x1="${from}" y1="${y}" x2="${this.#width - 8}" y2="${y}"/>` : ''
    return `<g class="all ${style}" data-r="${index}">${line}` +
      `<text x="${this.#left + 2}" y="${y + 4}">${escaped(words)}</text></g>`
  }

  /** Where a label ends that stands to the right of a host's life line. */
  #behind(host: TraceHost, label: string): number {
    return this.#column(host) + GAP + widthOf(label) + 12
  }

  #goesBack({ from, to }: Arrow): boolean {
    return this.#column(to) < this.#column(from)
  }

  #column(host: TraceHost): number {
    return this.#columns.get(host.id) ?? this.#left
  }
}

/** Classes: of what kind it is, and the colour of its connection. */
function look({ style, end, connection }: Arrow): string {
  const colour = connection === null ? 'd' : `c${connection % 8}`
  return `${style} ${end === 'lost' ? 'lost' : colour}`
}

function timeOf(row: Row | undefined): string {
  return row === undefined ? '' : row.time.toFixed(3)
}

function lifeOf(x: number, from: number, to: number, isUp: boolean): string {
  return `<line class="${isUp ? 'life' : 'life down'}" x1="${x}" y1="${from}" x2="${x}" y2="${to}"/>`
}

function straightPath(x1: number, y1: number, x2: number, y2: number): string {
  const end = x2 - Math.sign(x2 - x1)
  return `<line x1="${x1}" y1="${y1}" x2="${end}" y2="${y2}"/>${head(end, y2, x2 - x1, y2 - y1)}`
}

/** Out to the right and back. */
function selfPath(x: number, y1: number, y2: number): string {
  const down = Math.max(y2, y1 + 8)
  return `<path d="M${x} ${y1}C${x + 50} ${y1} ${x + 50} ${down} ${x + 2} ${down}"/>${head(x + 1, down, -1, 0)}`
}

/** With a cross where it was lost, and a ring where nobody got it. */
function stoppedPath(x: number, length: number, way: number, y1: number, y2: number, end: 'lost' | 'open'): string {
  const stop = round(x + way * length)
  const down = Math.max(y2, y1 + 6)
  const sign = end === 'lost' ? cross(stop, down, 4) : `<circle class="ring" cx="${stop}" cy="${down}" r="3.5"/>`
  return `<line x1="${x}" y1="${y1}" x2="${stop}" y2="${down}"/>${sign}`
}

function cross(x: number, y: number, r: number): string {
  return `<path class="cross" d="M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}"/>`
}

/** The point of an arrow that comes from (dx, dy). */
function head(x: number, y: number, dx: number, dy: number): string {
  const length = Math.hypot(dx, dy) || 1
  const [ux, uy] = [dx / length, dy / length]
  const corner = (side: number): string => {
    return `${round(x - 8 * ux - side * 3.5 * uy)},${round(y - 8 * uy + side * 3.5 * ux)}`
  }
  return `<polygon points="${x},${y} ${corner(1)} ${corner(-1)}"/>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
