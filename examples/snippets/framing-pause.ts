/** Pausing, as the framing guide shows it: one question at a time, each answered when its answer is there. */
import { LineReceiver } from 'whorl'

export class Answers extends LineReceiver {
  find: (question: string) => Promise<string> = async () => 'nobody knows'

  override lineReceived(question: string): void {
    this.pauseProducing()
    this.find(question)
      .then((answer) => {
        this.sendLine(answer)
        this.resumeProducing()
      })
      .catch(() => this.transport.abortConnection())
  }
}
