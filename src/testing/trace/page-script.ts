/**
 * The script of a trace's page.
 *
 * Owns: the filter, and the keys. Must not know: what is in the page beyond the attributes that page.ts gives to rows
 * and diagram.ts to arrows and marks: data-r (numbers of records), data-k (kind), data-h (hosts), data-c (connection),
 * data-t. It is text here: it runs in a browser, never in this program.
 */

/** @internal */
export const PAGE_SCRIPT = `
'use strict'
{
  const form = document.getElementById('filter')
  const body = document.querySelector('#records tbody')
  const rows = [...body.rows]
  const drawn = [...document.querySelectorAll('svg [data-r]')]
  const shown = document.getElementById('shown')
  const byRecord = new Map()
  for (const one of drawn) for (const r of one.dataset.r.split(' ')) byRecord.set(r, [...byRecord.get(r) || [], one])
  let current = null

  const value = (name) => form.elements[name].value.trim()
  const number = (name, otherwise) => {
    const isWrong = isNaN(value(name))
    if (isWrong) form.elements[name].setAttribute('aria-invalid', 'true')
    else form.elements[name].removeAttribute('aria-invalid')
    return isWrong || value(name) === '' ? otherwise : Number(value(name))
  }
  const texts = new Map()
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase())
    return texts.get(row)
  }

  const apply = () => {
    const host = value('host'), kind = value('kind'), connection = value('connection').replace('#', '')
    const text = value('text').toLowerCase(), from = number('from', -Infinity), to = number('to', Infinity)
    // Numbers of records: those from before the first that was kept share one.
    const passing = new Set()
    let count = 0
    for (const row of rows) {
      const { r, h, k, c, t } = row.dataset
      const passes = (host === '' || h === '' || h.split('\\n').includes(host)) && (kind === '' || k === kind) &&
        (connection === '' || c === connection) && t >= from && t <= to &&
        (text === '' || textOf(row).includes(text))
      row.hidden = !passes
      if (!passes) continue
      passing.add(r)
      count += 1
    }
    for (const one of drawn) {
      one.classList.toggle('off', !one.dataset.r.split(' ').some((r) => passing.has(r)))
    }
    shown.textContent = count === rows.length ? '' : count + ' of ' + rows.length + ' records'
    if (current === null || current.hidden) select(rows.find((row) => !row.hidden) || null, false)
  }

  const select = (row, takesFocus) => {
    if (current !== null) {
      current.tabIndex = -1
      current.removeAttribute('aria-current')
      for (const one of byRecord.get(current.dataset.r) || []) one.classList.remove('on')
    }
    current = row
    if (row === null) return
    row.tabIndex = 0
    row.setAttribute('aria-current', 'true')
    for (const one of byRecord.get(row.dataset.r) || []) one.classList.add('on')
    if (takesFocus) row.focus()
  }

  const move = (by) => {
    const visible = rows.filter((row) => !row.hidden)
    const at = Math.max(0, Math.min(visible.length - 1, visible.indexOf(current) + by))
    if (visible.length > 0) select(visible[at], true)
  }

  const showAll = () => {
    form.reset()
    apply()
    if (current !== null) current.scrollIntoView({ block: 'nearest' })
  }

  const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity }

  body.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return
    if (event.key in STEPS) move(STEPS[event.key])
    else if (event.key === 'Enter' && current !== null) {
      const one = (byRecord.get(current.dataset.r) || [])[0]
      if (one === undefined) shown.textContent = 'This record is not in the diagram.'
      else one.scrollIntoView({ block: 'center', inline: 'center' })
    } else if (event.key === 'c' && current !== null && current.dataset.c !== undefined) {
      form.elements.connection.value = current.dataset.c
      apply()
    } else return
    event.preventDefault()
  })
  body.addEventListener('click', (event) => {
    const row = event.target.closest('tr')
    if (row !== null) select(row, true)
  })
  document.querySelector('svg').addEventListener('click', (event) => {
    const one = event.target.closest('[data-r]')
    if (one === null) return
    const r = one.dataset.r.split(' ')[0]
    const row = rows.find((each) => each.dataset.r === r && !each.hidden)
    if (row === undefined) return
    select(row, true)
    row.scrollIntoView({ block: 'center' })
  })
  document.addEventListener('keydown', (event) => {
    const isTyping = /^(INPUT|SELECT)$/.test(document.activeElement.tagName)
    if (event.key === 'Escape') showAll()
    else if (event.key === '/' && !isTyping) {
      event.preventDefault()
      form.elements.text.focus()
    }
  })
  form.addEventListener('input', apply)
  form.addEventListener('submit', (event) => event.preventDefault())
  form.addEventListener('reset', () => setTimeout(apply))

  form.hidden = false
  document.querySelector('.keys').hidden = false
  for (const row of rows) row.tabIndex = -1
  apply()
}
`
