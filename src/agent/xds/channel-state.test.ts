import { Client, connectivityState, credentials } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { whenReady } from './channel-state.ts';

/** tcpmux (RFC 1078), where nothing listens. */
const refusing = '127.0.0.1:1';

it('leaves a channel closed that is closed while it is waited for, and tells nothing', async () => {
  const client = new Client(refusing, credentials.createInsecure());
  const told: boolean[] = [];
  whenReady(client, 60_000, (isReady) => told.push(isReady));
  client.close();
  expect(client.getChannel().getConnectivityState(false)).toBe(connectivityState.SHUTDOWN);
  expect(told).toEqual([]);
});

it('tells when the time is over', async () => {
  const client = new Client(refusing, credentials.createInsecure());
  expect(await new Promise((resolve) => whenReady(client, 20, resolve))).toBe(false);
  client.close();
});
