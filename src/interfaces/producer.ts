/**
 * Producers and consumers: who makes bytes, who takes them, and how the taker slows the maker.
 *
 * Source: twisted.internet.interfaces.
 */

/** Makes bytes when asked: one piece for each call of `resumeProducing`. */
export interface IPullProducer {
  /** Write one piece to the consumer. */
  resumeProducing(): void
  /** Nothing more is wanted, ever. */
  stopProducing(): void
}

/** Makes bytes on its own until paused. */
export interface IPushProducer extends IPullProducer {
  /** Stop writing until `resumeProducing`. */
  pauseProducing(): void
}

/** Takes bytes and tells one registered producer when to make them. */
export interface IConsumer {
  /**
   * @param producer who writes to this consumer from now on
   * @param streaming true for a push producer, false for a pull producer
   */
  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void
  /** The producer has written its last byte. */
  unregisterProducer(): void
  write(data: Uint8Array | string): void
}
