import { ChannelCredentials } from '@grpc/grpc-js';

type CreateConnector = ChannelCredentials['_createSecureConnector'];
type Connector = ReturnType<CreateConnector>;

/**
 * Credentials with which a closed channel connects no more. In grpc-js 1.14.7 the timer of a connection that was refused outlives
 * its channel, connects a second later, and leaves that connection open for good: each agent would leave one to every
 * controller that restarts, until the controllers' limits are reached.
 */
export class ClosingCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;

  constructor(inner: ChannelCredentials) {
    super();
    this.#inner = inner;
  }

  override _isSecure(): boolean {
    return this.#inner._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...options: Parameters<CreateConnector>): Connector {
    const connector = this.#inner._createSecureConnector(...options);
    let isClosed = false;
    return {
      // Asked before a socket is opened.
      waitForReady: () => (isClosed ? Promise.reject(new Error('The channel was closed')) : connector.waitForReady()),
      connect: (socket) => connector.connect(socket),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => {
        isClosed = true;
        connector.destroy();
      },
    };
  }
}
