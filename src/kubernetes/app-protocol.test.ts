import { describe, expect, it } from 'vitest';
import { classifyAppProtocol } from './app-protocol.ts';

describe('classifyAppProtocol', () => {
  it.each([
    ['http', 'http'],
    ['HTTP', 'http'],
    ['http2', 'http2'],
    ['kubernetes.io/h2c', 'http2'],
    ['kubernetes.io/ws', 'websocket'],
    ['grpc', 'grpc'],
    ['grpc-web', 'http'],
    ['kubernetes.io/wss', 'tcp'],
    ['https', 'tcp'],
    ['redis', 'tcp'],
  ] as const)('takes appProtocol %s as %s, whatever the name', (appProtocol, expected) => {
    expect(classifyAppProtocol(appProtocol, '')).toBe(expected);
    expect(classifyAppProtocol(appProtocol, 'http')).toBe(expected);
    expect(classifyAppProtocol(appProtocol, 'mysql')).toBe(expected);
  });

  it.each([
    ['http', 'http'],
    ['http-admin', 'http'],
    ['http2', 'http2'],
    ['http2-api', 'http2'],
    ['grpc', 'grpc'],
    ['grpc-api', 'grpc'],
    ['grpc-web', 'http'],
    ['grpc-web-ui', 'http'],
    ['https', 'tcp'],
    ['httpd', 'tcp'],
    ['http3', 'tcp'],
    ['my-http', 'tcp'],
    ['', 'tcp'],
  ] as const)('takes a port named %j as %s', (name, expected) => {
    expect(classifyAppProtocol(undefined, name)).toBe(expected);
    expect(classifyAppProtocol('', name)).toBe(expected);
  });
});
