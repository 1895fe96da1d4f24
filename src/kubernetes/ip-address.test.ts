import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, canonicalCidr, unusableBecause } from './ip-address.ts';

describe('canonicalAddress', () => {
  it.each([
    ['10.96.0.10', '10.96.0.10'],
    ['FD00:0::00A', 'fd00::a'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::1', '::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:a00:1', '10.0.0.1'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each([
    '',
    '1',
    '0x7f.1',
    '010.0.0.1',
    '10.0.0.256',
    ' 10.0.0.1',
    'fe80::1%eth0',
    '::1.2.3.4',
    '10.0.0.1/8',
    'a',
    ':',
  ])('refuses %j', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });

  it('is stable and gives addresses only', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        const canonical = canonicalAddress(text);
        if (canonical === undefined) return;
        expect(isIP(canonical)).toBeGreaterThan(0);
        expect(canonicalAddress(canonical)).toBe(canonical);
      }),
    );
  });
});

describe('unusableBecause', () => {
  it('refuses addresses that are not one host', () => {
    for (const address of ['0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255']) {
      expect(unusableBecause(address)).toMatch(/^is an? .* address$/);
    }
    for (const address of ['10.0.0.1', 'fd00::1', '127.0.0.1', '169.254.1.1']) {
      expect(unusableBecause(address)).toBeUndefined();
    }
  });
});

describe('canonicalCidr', () => {
  it.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['FD00:0::1/64', 'fd00::/64'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.0.0.1', undefined],
    ['10.0.0.1/33', undefined],
    ['fd00::/129', undefined],
    ['10.0.0.1/-1', undefined],
    ['x/8', undefined],
  ])('of %s is %s', (text, expected) => {
    expect(canonicalCidr(text)).toBe(expected);
  });
});
