/**
 * The page of the switchboard: the chat over one WebSocket, and what the reactor is doing over another.
 *
 * `/chat` carries one line of the room in each text message, both ways; it is opened once there is a nickname. `/live`
 * sends, every second, one JSON object; bytes, and ms:
 * { at, chat, received, sent, open, connections: [{ id, peer, protocol, bytesIn, bytesOut, age }] }
 */

/** Points that the plot shows, one a second. */
const POINTS = 120
/** Lines that are kept on the page. */
const LINES = 500
/** Wait before connecting again; ms. */
const [FIRST_WAIT, LONGEST_WAIT] = [500, 10_000]
/** Close codes after which the server is to be asked again: it goes away, or the connection broke. */
const PASSING = [1001, 1006, 1011, 1012]

const byId = (id) => document.getElementById(id)
const [log, form, input, button, label, status] = ['log', 'say-form', 'say', 'send', 'say-label', 'status'].map(byId)

/** A WebSocket that comes back, for as long as `closed` says so. */
class Line {
  #socket = null
  #retry = null
  #wait = FIRST_WAIT
  #path
  #on

  /** @param on opened(), received(text), closed(code): whether to try again */
  constructor(path, on) {
    this.#path = path
    this.#on = on
    addEventListener('online', () => {
      if (this.#retry !== null) this.connect()
    })
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  /** Connects, unless it is connected, or being connected. */
  connect() {
    clearTimeout(this.#retry)
    this.#retry = null
    if (this.#socket !== null) return
    const address = new URL(this.#path, location.href)
    address.protocol = address.protocol.replace('http', 'ws')
    const socket = this.#socket = new WebSocket(address)
    socket.onopen = () => {
      this.#wait = FIRST_WAIT
      this.#on.opened()
    }
    socket.onmessage = ({ data }) => this.#on.received(data)
    socket.onclose = ({ code }) => {
      this.#socket = null
      if (!this.#on.closed(code)) return
      this.#retry = setTimeout(() => this.connect(), this.#wait)
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT)
    }
  }

  send(text) {
    if (this.isOpen) this.#socket.send(text)
  }
}

/* --- the chat --- */

/** The nickname that the room knows; empty outside of it. */
let nick = ''
/** The nickname to come in with as soon as there is a connection. */
let wanted = ''
let unread = 0

const chat = new Line('chat', {
  opened() {
    if (wanted !== '') chat.send(wanted)
  },
  received(line) {
    if (nick === '') {
      const hello = /^Hello, (\S+)\. /.exec(line)
      if (hello !== null) enter(hello[1])
      // The form asks for it already.
      else if (line.startsWith('Welcome to the switchboard.')) return
    } else if (line.startsWith(`* ${nick} is now `)) {
      enter(line.slice(`* ${nick} is now `.length))
    }
    show(line)
  },
  closed(code) {
    const goesOn = PASSING.includes(code) && wanted !== ''
    if (!goesOn) wanted = ''
    enter('')
    return goesOn
  },
})

/** @param name the nickname that the room knows now; empty for outside of it */
function enter(name) {
  nick = name
  if (name !== '') wanted = name
  label.textContent = name === '' ? 'Your nickname' : 'Say something to everyone'
  button.textContent = name === '' ? 'Enter' : 'Send'
  input.spellcheck = name !== ''
  tellState()
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const line = input.value.trim()
  if (line === '') return
  if (nick === '' && !line.startsWith('/')) wanted = line
  if (chat.isOpen) {
    chat.send(line)
    if (nick !== '' && !line.startsWith('/')) show(`<you> ${line}`, 'own')
  } else if (wanted !== '') {
    chat.connect()
  }
  input.value = ''
  input.focus()
})

/** Adds a line to the log. */
function show(line, kind = 'notice') {
  const item = document.createElement('li')
  const text = document.createElement('span')
  text.className = 'text'
  const said = /^<([^>]+)> (.*)$/s.exec(line)
  if (said === null) {
    text.textContent = line
    item.className = kind
  } else {
    const name = document.createElement('b')
    name.textContent = said[1]
    text.append(name, said[2])
    item.className = kind === 'own' ? 'own' : 'said'
    if (document.hidden) document.title = `(${++unread}) Switchboard`
  }
  const time = document.createElement('time')
  time.textContent = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  item.append(text, time)
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 40
  log.append(item)
  while (log.childElementCount > LINES) log.firstElementChild.remove()
  if (atEnd || kind === 'own') log.scrollTop = log.scrollHeight
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return
  unread = 0
  document.title = 'Switchboard'
})

/** One line for both connections. */
function tellState() {
  const [state, text] = !live.isOpen ? ['lost', 'disconnected; trying again…']
    : nick !== '' ? ['open', `in the chat as ${nick}`]
      : wanted !== '' && !chat.isOpen ? ['connecting', 'entering the chat…'] : ['open', 'connected']
  if (status.textContent === text) return
  status.dataset.state = state
  status.textContent = text
}

/* --- the live view --- */

/** [received, sent], bytes a second; one of each second, and null where it is not known. */
const history = []
let before = null

const live = new Line('live', {
  opened: tellState,
  received(text) {
    const now = JSON.parse(text)
    if (before !== null && now.at > before.at) {
      const seconds = (now.at - before.at) / 1000
      const passed = [now.received - before.received, now.sent - before.sent]
      history.push(passed.map((count) => Math.max(0, count) / seconds))
      if (history.length > POINTS) history.shift()
      draw()
    }
    before = now
    list(now)
    byId('nc').textContent = `nc ${now.chat}`
    byId('total').textContent = bytes(now.received + now.sent)
  },
  closed() {
    // What comes next may be another server, whose totals begin at zero.
    before = null
    tellState()
    return true
  },
})
live.connect()

/** Rows by the number of their connection, so that those which stay are not made anew under a reader's eyes. */
const rows = new Map()

function list({ open, connections }) {
  byId('count').textContent = open
  const gone = new Set(rows.keys())
  for (const { id, peer, protocol, bytesIn, bytesOut, age } of connections) {
    gone.delete(id)
    let row = rows.get(id)
    if (row === undefined) {
      row = byId('connections').insertRow()
      row.role = 'row'
      for (let column = 0; column < 5; column++) {
        const cell = row.insertCell()
        cell.role = 'cell'
        if (column >= 2) cell.className = 'number'
      }
      rows.set(id, row)
    }
    for (const [column, text] of [peer, protocol, bytes(bytesIn), bytes(bytesOut), duration(age)].entries()) {
      const cell = row.cells[column]
      if (cell.textContent !== text) cell.textContent = text
    }
  }
  for (const id of gone) {
    rows.get(id).remove()
    rows.delete(id)
  }
  const more = byId('more')
  more.hidden = open <= connections.length
  more.textContent = `and ${open - connections.length} more`
}

/* --- the plot --- */

const SVG = 'http://www.w3.org/2000/svg'
const plot = byId('plot')
const [TOP, BOTTOM] = [18, 18]

/** In the pixels that it has, so that its text is as large as other text. */
function draw() {
  const { clientWidth: width, clientHeight: height } = plot
  if (width === 0 || height === 0) return
  plot.setAttribute('viewBox', `0 0 ${width} ${height}`)
  const top = nice(Math.max(1024, ...history.flat()))
  const floor = height - BOTTOM
  const y = (rate) => (floor - rate / top * (floor - TOP)).toFixed(1)
  const x = (index) => (width - (history.length - 1 - index) * width / (POINTS - 1)).toFixed(1)
  const parts = []
  for (const rate of [0, top / 2, top]) {
    parts.push(element('line', { class: 'grid', x1: 0, x2: width, y1: y(rate), y2: y(rate) }))
    if (rate > 0) parts.push(element('text', { x: 0, y: y(rate) - 4 }, `${bytes(rate)}/s`))
  }
  parts.push(element('text', { x: 0, y: height - 3 }, '2 min ago'))
  parts.push(element('text', { x: width, y: height - 3, class: 'end' }, 'now'))
  for (const [column, name] of ['out', 'in'].entries()) {
    const points = history.map((rates, index) => `${x(index)},${y(rates[1 - column])}`)
    if (points.length === 0) continue
    const line = points.join(' ')
    parts.push(element('polygon', { class: name, points: `${x(0)},${floor} ${line} ${width},${floor}` }))
    parts.push(element('polyline', { class: name, points: line }))
  }
  plot.replaceChildren(...parts)
  const [received, sent] = history.at(-1) ?? [0, 0]
  byId('rate-in').textContent = `${bytes(received)}/s`
  byId('rate-out').textContent = `${bytes(sent)}/s`
}

new ResizeObserver(draw).observe(plot)

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  if (text !== undefined) made.textContent = text
  return made
}

/** The next power of two: a whole number of its unit. */
function nice(value) {
  return 2 ** Math.ceil(Math.log2(value))
}

/* --- numbers for people --- */

function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024
    unit++
  }
  const isWhole = unit === 0 || count >= 100 || Number.isInteger(count)
  return `${isWhole ? Math.round(count) : count.toFixed(1)} ${units[unit]}`
}

function duration(ms) {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`
}
