import { describe, expect, it } from 'vitest'
import { ConnectionLost } from 'whorl'
import { Chat } from './chatter.js'

describe('coming in', () => {
  it('asks for a nickname, greets, and tells the others', () => {
    const chat = new Chat()
    const ada = chat.connects()
    expect(ada.sees()).toEqual(['Welcome to the switchboard. What is your nickname?'])
    ada.types('ada')
    expect(ada.sees()).toEqual(['Hello, ada. Nobody else is here yet.', '/help lists the commands, /quit leaves.'])
    const bob = chat.connects()
    expect(ada.sees()).toEqual([])
    bob.types('bob')
    expect(bob.sees()).toContain('Hello, bob. Also here: ada.')
    expect(ada.sees()).toEqual(['* bob joined'])
  })

  it('refuses a nickname that is taken, whatever its case, and one that is none', () => {
    const chat = new Chat()
    chat.joins('Ada')
    const other = chat.connects()
    other.sees()
    other.types('ADA', 'two words', 'x'.repeat(21), '***', 'bob')
    expect(other.sees()).toEqual([
      'The nickname ADA is taken. Another?',
      'A nickname is 1 to 20 letters, digits, _ or -.',
      'A nickname is 1 to 20 letters, digits, _ or -.',
      'A nickname is 1 to 20 letters, digits, _ or -.',
      'Hello, bob. Also here: Ada.',
      '/help lists the commands, /quit leaves.',
    ])
  })

  it('shows nothing of the room, and lets nothing be said, before there is a nickname', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    const other = chat.connects()
    other.sees()
    ada.types('secret')
    expect(other.sees()).toEqual([])
    other.types('hello everyone')
    expect(ada.sees()).toEqual([])
  })

  it('answers commands before there is a nickname', () => {
    const chat = new Chat()
    chat.joins('ada')
    const other = chat.connects()
    other.sees()
    other.types('/who', '/nick ada', '/nick bob')
    expect(other.sees()).toEqual(['Here: ada', 'The nickname ada is taken. Another?', 'Hello, bob. Also here: ada.',
      '/help lists the commands, /quit leaves.'])
    const third = chat.connects()
    third.sees()
    third.types('/quit')
    expect(third.sees()).toEqual(['Goodbye.'])
    expect(third.wire.disconnecting).toBe(true)
    expect(chat.room.nicks).toEqual(['ada', 'bob'])
  })
})

describe('talking', () => {
  it('shows a line to everyone else', () => {
    const chat = new Chat()
    const [ada, bob, eve] = ['ada', 'bob', 'eve'].map((nick) => chat.joins(nick))
    for (const one of [ada, bob, eve]) one.sees()
    bob.types('hello')
    expect([ada, bob, eve].map((one) => one.sees())).toEqual([['<bob> hello'], [], ['<bob> hello']])
  })

  it('takes LF and CR LF as the end of a line, wherever the bytes are cut', () => {
    const sent = 'one\ntwo\r\n\r\n\nthree\r\n'
    for (let cut = 0; cut <= sent.length; cut++) {
      const chat = new Chat()
      const ada = chat.joins('ada')
      const bob = chat.joins('bob')
      ada.sees()
      bob.sends(sent.slice(0, cut))
      bob.sends(sent.slice(cut))
      expect(ada.sees()).toEqual(['<bob> one', '<bob> two', '<bob> three'])
    }
  })

  it('takes control characters, and those that turn writing around, out of what is shown', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    const bob = chat.joins('b\x1bo\x07b')
    expect(ada.sees()).toEqual(['* bob joined'])
    bob.types('\x1b[2Jred\x9b31m\ta\u202eb\u2028c\u2066\x00d\x7f')
    expect(ada.sees()).toEqual(['<bob> [2Jred31m abcd'])
    bob.types('\x07\x1b')
    expect(ada.sees()).toEqual([])
    bob.types('/nick ev\x00e', '/quit b\x07ye')
    expect(ada.sees()).toEqual(['* bob is now eve', '* eve left: bye'])
  })

  it('shows other scripts as they are', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    const bob = chat.joins('नमस्ते')
    bob.types('Grüße, 😀 — 你好')
    expect(ada.sees()).toEqual(['* नमस्ते joined', '<नमस्ते> Grüße, 😀 — 你好'])
  })

  it('does not understand unknown commands, and says so', () => {
    const ada = new Chat().joins('ada')
    ada.types('/dance now', '/')
    expect(ada.sees()).toEqual(['There is no command /dance; /help lists those there are.',
      'There is no command /; /help lists those there are.'])
  })
})

describe('commands', () => {
  it('/who lists everyone in the order in which they came, also after a change of name', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    chat.joins('bob')
    ada.types('/nick zoe', '/WHO')
    expect(ada.sees()).toEqual(['* bob joined', '* ada is now zoe', 'Here: zoe, bob'])
  })

  it('/nick changes the name, frees the old one, and refuses what is taken or no name', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    const bob = chat.joins('bob')
    ada.sees()
    bob.types('/nick Ada', '/nick', '/nick bob', '/nick BOB', '/nick eve')
    expect(bob.sees()).toEqual(['The nickname Ada is taken. Another?', 'A nickname is 1 to 20 letters, digits, _ or -.',
      '* bob is now BOB', '* BOB is now eve'])
    expect(ada.sees()).toEqual(['* bob is now BOB', '* BOB is now eve'])
    expect(chat.joins('bob').wire.disconnecting).toBe(false)
    expect(chat.room.nicks).toEqual(['ada', 'eve', 'bob'])
  })

  it('/quit says goodbye, closes, and gives the name back at once', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    const bob = chat.joins('bob')
    ada.sees()
    bob.types('/quit', 'not heard any more')
    expect(bob.sees()).toEqual(['Goodbye.'])
    expect(bob.wire.disconnecting).toBe(true)
    expect(chat.room.nicks).toEqual(['ada'])
    bob.isGone()
    expect(ada.sees()).toEqual(['* bob left'])
  })

  it('/help names every command', () => {
    const ada = new Chat().joins('ada')
    ada.types('/help')
    const text = ada.sees().join('\n')
    for (const command of ['/who', '/nick', '/quit', '/help']) expect(text).toContain(command)
  })
})

describe('going', () => {
  it('tells the others whether it was meant', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    const bob = chat.joins('bob')
    const eve = chat.joins('eve')
    ada.sees()
    bob.isGone()
    eve.isGone(new ConnectionLost())
    expect(ada.sees()).toEqual(['* bob left', '* eve lost the connection'])
  })

  it('leaves no timer and no member behind', () => {
    const chat = new Chat()
    const chatters = [chat.connects(), chat.joins('ada'), chat.joins('bob')]
    chatters[2].types('/quit')
    for (const chatter of chatters) chatter.isGone()
    expect(chat.clock.getDelayedCalls()).toEqual([])
    expect(chat.room.nicks).toEqual([])
  })

  it('of someone who never had a name is noticed by nobody', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    chat.connects().isGone()
    expect(ada.sees()).toEqual([])
  })
})
