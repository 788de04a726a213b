import { describe, expect, it } from 'vitest'
import { Room } from '../../../examples/switchboard/room.js'
import { asNickname, cleanText } from '../../../examples/switchboard/text.js'

class Listener {
  heard: string[] = []
  nick: string

  constructor(nick: string) {
    this.nick = nick
  }

  tell(line: string): void {
    this.heard.push(line)
  }
}

describe('Room', () => {
  it('tells those who are there, not the one whom it is about', () => {
    const room = new Room()
    const [ada, bob, eve] = ['ada', 'bob', 'eve'].map((nick) => new Listener(nick))
    room.join(ada)
    room.join(bob)
    room.say(ada, 'hello')
    room.join(eve)
    room.leave(bob, 'left')
    room.leave(bob, 'left')
    expect(ada.heard).toEqual(['* bob joined', '* eve joined', '* bob left'])
    expect(bob.heard).toEqual(['<ada> hello', '* eve joined'])
    expect(eve.heard).toEqual(['* bob left'])
    expect(room.nicks).toEqual(['ada', 'eve'])
  })

  it('lets nobody out who only has the name of someone here', () => {
    const room = new Room()
    room.join(new Listener('ada'))
    room.leave(new Listener('Ada'), 'left')
    expect(room.nicks).toEqual(['ada'])
  })

  it('knows which nicknames are free, for whom', () => {
    const room = new Room()
    const ada = new Listener('Ada')
    room.join(ada)
    expect([room.isFree('ada'), room.isFree('ADA', ada), room.isFree('bob')]).toEqual([false, true, true])
    // Full-width letters look the same, and are.
    expect(room.isFree('\uff21da')).toBe(false)
    room.leave(ada, 'left')
    expect(room.isFree('ada')).toBe(true)
  })
})

describe('text', () => {
  it('is clean of whatever acts on a terminal', () => {
    for (let code = 0; code < 0xa0; code++) {
      const isControl = code < 0x20 || code >= 0x7f
      const expected = code === 9 ? 'a b' : isControl ? 'ab' : `a${String.fromCharCode(code)}b`
      expect(cleanText(`a${String.fromCharCode(code)}b`)).toBe(expected)
    }
    expect(cleanText('  a\u202eb \r')).toBe('ab')
    expect(cleanText('\u00a0👩‍💻 é')).toBe('👩‍💻 é')
  })

  it.each(['a', 'x'.repeat(20), 'Ada_99', 'jean-luc', 'हिन्दी', 'Ωμέγα', '名前'])('%s is a nickname', (nick) => {
    expect(asNickname(nick)).toBe(nick)
  })

  it.each(['', 'x'.repeat(21), 'a b', '/who', '-a', '<ada>', '*', 'a\u200db', '\u0301', 'a@b'])('%j: none', (text) => {
    expect(asNickname(text)).toBeNull()
  })

  it('a nickname is the same however its accents are written', () => {
    expect(asNickname('Zoe\u0308')).toBe('Zo\u00eb')
  })
})
