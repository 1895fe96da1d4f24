import { describe, expect, it } from 'vitest';
import { formatHostPort, parseHostPort } from './host-port.ts';

describe('parseHostPort', () => {
  it.each([
    ['10.0.0.1:80', { host: '10.0.0.1', port: 80 }],
    ['[fd00::a]:443', { host: 'fd00::a', port: 443 }],
    ['controller.example:0', { host: 'controller.example', port: 0 }],
    [':8080', { host: '', port: 8080 }],
  ])('reads %s, and formatHostPort writes it', (text, expected) => {
    expect(parseHostPort(text)).toEqual(expected);
    expect(formatHostPort(expected)).toBe(text);
  });

  it.each(['', '10.0.0.1', 'fd00::a:443', '[fd00::a]', '[name]:80', 'host:65536', 'host:-1', 'host:80x', 'a:b:80'])(
    'refuses "%s"',
    (text) => expect(parseHostPort(text)).toBeUndefined(),
  );
});
