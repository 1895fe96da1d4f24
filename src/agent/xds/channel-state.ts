import { type Client, connectivityState as states } from '@grpc/grpc-js';

/**
 * Has a channel connect, and tells once whether it speaks HTTP/2 in time; nothing if the channel is closed before. Not
 * `waitForReady` of grpc-js 1.14.7: closing the channel makes that look again, whereupon the closed channel connects anew and leaves the
 * connection open for good.
 */
export function whenReady(client: Client, timeoutMs: number, tell: (isReady: boolean) => void): void {
  const channel = client.getChannel();
  const deadline = Date.now() + timeoutMs;
  const look = (error?: Error): void => {
    const state = channel.getConnectivityState(false);
    if (state === states.SHUTDOWN) return;
    if (error !== undefined || state === states.READY) tell(error === undefined);
    else channel.watchConnectivityState(state, deadline, look);
  };
  channel.getConnectivityState(true);
  look();
}
