/**
 * A trace as a sequence diagram: an SVG picture of its own, without scripts, for light and dark surroundings.
 *
 * Owns: how life lines, arrows and marks look. Must not know: which there are (layout.ts).
 */

import { filterTrace } from './filter.js'
import type { TraceFilter } from './filter.js'
import { layOut } from './layout.js'
import type { Arrow, Layout, Mark, Row } from './layout.js'
import { escaped } from './markup.js'
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

const TIMES = 96
const COLUMN = 250
const MARGIN = 40
const HEAD = 40

/** @returns the text of an SVG file */
export function drawTrace(reader: TraceReader, options: TraceDrawOptions = {}): string {
  const { filter = {}, limit = 500, timers = false } = options
  const { seed, digest } = reader.head
  const title = options.title ?? `seed ${seed}, digest ${digest}`
  return new Drawing(layOut(filterTrace(reader, filter), reader.hosts(), limit, timers)).svg(title)
}

class Drawing {
  readonly #layout: Layout
  readonly #columns = new Map<number, number>()
  readonly #width: number

  constructor(layout: Layout) {
    this.#layout = layout
    for (const [i, { id }] of layout.hosts.entries()) this.#columns.set(id, TIMES + MARGIN + COLUMN * i)
    this.#width = TIMES + MARGIN * 2 + COLUMN * Math.max(1, layout.hosts.length)
  }

  svg(title: string): string {
    const { height, hosts, arrows, marks, rows, isCut } = this.#layout
    const all = height + (isCut ? 24 : 0)
    const text = [
      `<svg xmlns="http://www.w3.org/2000/svg" class="trace" width="${this.#width}" height="${all}" ` +
        `viewBox="0 0 ${this.#width} ${all}" role="img" aria-label="${escaped(`Sequence diagram: ${title}`)}">`,
      `<title>${escaped(title)}</title>`,
      `<style>${DIAGRAM_STYLE}</style>`,
      '<rect class="paper" width="100%" height="100%"/>',
      `<text class="title" x="12" y="18">${escaped(title)}</text>`,
      ...this.#times(rows),
      ...hosts.map((host) => this.#lifeLine(host)),
      ...marks.filter(({ host }) => host === null).map((mark) => this.#everywhere(mark)),
      // Labels above all lines, so that none is crossed out.
      ...arrows.map((arrow) => this.#arrow(arrow)),
      ...arrows.filter(({ label }) => label !== '').map((arrow) => this.#label(arrow)),
      ...marks.filter(({ host }) => host !== null).map((mark) => this.#mark(mark)),
    ]
    if (isCut) {
      const words = '… and more: filter by host, connection or time'
      text.push(`<text class="cut" x="${TIMES + 8}" y="${height + 8}">${words}</text>`)
    }
    return `${text.join('\n')}\n</svg>\n`
  }

  /** The time where it changes. */
  #times(rows: readonly Row[]): string[] {
    return rows.filter(({ time }, i) => time !== rows[i - 1]?.time).map(({ time, y }) => {
      return `<text class="time" x="${TIMES - 12}" y="${y + 4}">${time.toFixed(3)}</text>`
    })
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
    return `${lines.join('')}<text class="host" x="${x}" y="${HEAD - 6}">${escaped(host.name)}</text>`
  }

  #arrow(arrow: Arrow): string {
    const { from, to, sent, arrived, isLost, title } = arrow
    const x1 = this.#column(from)
    const isSelf = from.id === to.id
    const x2 = isSelf ? x1 : this.#column(to)
    const way = x2 < x1 ? -1 : 1
    const drawn = isLost ? lostPath(x1, isSelf ? COLUMN * 0.4 : Math.abs(x2 - x1) * 0.45, way, sent.y, arrived.y)
      : isSelf ? selfPath(x1, sent.y, arrived.y) : straightPath(x1, sent.y, x2, arrived.y)
    const where = `${from.name} → ${isSelf && isLost ? '' : to.name}`
    const hint = `<title>${escaped(`${where}\n${title}`)}</title>`
    return `<g class="arrow ${look(arrow)}" data-r="${sent.index} ${arrived.index}">${hint}${drawn}</g>`
  }

  #label(arrow: Arrow): string {
    const { from, to, sent, arrived, label } = arrow
    const x = this.#column(from)
    const goesBack = this.#column(to) < x
    const where = goesBack ? `text-anchor="end" x="${x - 9}"` : `x="${x + 9}"`
    return `<g class="arrow ${look(arrow)}" data-r="${sent.index} ${arrived.index}">` +
      `<text ${where} y="${sent.y - 4}">${escaped(label)}</text></g>`
  }

  #mark({ host, style, label, row: { y, index } }: Mark): string {
    const x = this.#column(host as TraceHost)
    const radius = style === 'timer' ? 2 : 4
    const shape = style === 'crash' ? cross(x, y, 6) : `<circle cx="${x}" cy="${y}" r="${radius}"/>`
    const words = label === '' ? '' : `<text x="${x + 9}" y="${y + 4}">${escaped(label)}</text>`
    return `<g class="mark ${style}" data-r="${index}">${shape}${words}</g>`
  }

  #everywhere({ style, label, row: { y, index } }: Mark): string {
    const line = `<line x1="${TIMES}" y1="${y}" x2="${this.#width - 8}" y2="${y}"/>`
    return `<g class="all ${style}" data-r="${index}">${line}` +
      `<text x="${TIMES + 2}" y="${y + 4}">${style === 'fault' ? 'fault: ' : ''}${escaped(label)}</text></g>`
  }

  #column(host: TraceHost): number {
    return this.#columns.get(host.id) ?? TIMES
  }
}

/** Classes: of what kind it is, and the colour of its connection. */
function look({ style, isLost, connection }: Arrow): string {
  const colour = connection === null ? 'd' : `c${connection % 8}`
  return `${style} ${isLost ? 'lost' : colour}`
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

function lostPath(x: number, length: number, way: number, y1: number, y2: number): string {
  const end = round(x + way * length)
  const down = Math.max(y2, y1 + 6)
  return `<line x1="${x}" y1="${y1}" x2="${end}" y2="${down}"/>${cross(end, down, 4)}`
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
