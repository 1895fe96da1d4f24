import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NftError } from './nft-error.ts';
import { probeNft } from './probe.ts';
import { NftCommand } from './runner.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fairlead-nft-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

/** A program that stands for nft. */
function program(script: string): NftCommand {
  const file = join(directory, 'nft');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return new NftCommand({ command: [file] });
}

describe('running nft', () => {
  it('gives the whole transaction to one process', async () => {
    const nft = program(`cat >> ${directory}/input`);
    const text = `${'add element ip t s { 1.2.3.4 }\n'.repeat(20_000)}`;
    await nft.run(text);
    expect(readFileSync(join(directory, 'input'), 'utf8')).toBe(text);
    nft.close();
  });

  it('tells the first line and the command that nft named', async () => {
    const nft = program(`cat > /dev/null; echo '/dev/stdin:2:1-4: Error: syntax error, unexpected string' >&2; exit 1`);
    const failure = await nft.run('add table ip t\nadd nonsense\n').catch((error: unknown) => error);
    expect(failure).toMatchObject({ reason: 'syntax error, unexpected string', line: 'add nonsense' });
    expect(failure).toBeInstanceOf(NftError);
    nft.close();
  });

  it('runs the next transaction after one that failed', async () => {
    const nft = program(`read -r line; [ "$line" = good ]`);
    await expect(nft.run('bad\n')).rejects.toThrow();
    await nft.run('good\n');
    await nft.run('good\n');
    nft.close();
  });

  it('shortens a long command in an error', () => {
    const failure = NftError.of('/dev/stdin:1:1-9: Error: no', 'x'.repeat(10_000), null);
    expect(failure.message.length).toBeLessThan(300);
  });

  it('says something when nft said nothing', () => {
    expect(NftError.of('', '', null).message).toBe('nft failed without a message');
    expect(NftError.of('', '', 'SIGKILL').message).toBe('nft was killed by SIGKILL');
  });
});

describe('probing nft', () => {
  const probe = (nft: NftCommand) => probeNft(nft, 'add table ip t\n');

  it('finds it missing', async () => {
    const nft = new NftCommand({ command: [join(directory, 'none')] });
    expect(await probe(nft)).toEqual({ kind: 'Missing', program: `${join(directory, 'none')} was not found` });
  });

  it.each([
    ['nftables v1.0.0 (Fearless Fosdick)', '1.0.0'],
    ['nftables v0.9.8 (E.D.S.)', '0.9.8'],
    ['something else', 'of unknown version'],
  ])('finds %s too old', async (text, version) => {
    expect(await probe(program(`echo '${text}'`))).toEqual({ kind: 'TooOld', version });
  });

  it.each(['1.0.1', '1.0.6', '1.1.0', '2.0'])('finds %s usable', async (version) => {
    expect(await probe(program(`echo 'nftables v${version} (x)'`))).toEqual({ kind: 'Usable', version });
  });

  it('finds that it may not', async () => {
    const nft = program(
      `[ "$1" = --version ] && echo 'nftables v1.0.6' && exit; cat >/dev/null; echo '/dev/stdin:1:1-4: Error: Could not process rule: Operation not permitted' >&2; exit 1`,
    );
    expect(await probe(nft)).toEqual({ kind: 'NotPermitted' });
  });

  it('finds that the kernel cannot', async () => {
    const nft = program(
      `[ "$1" = --version ] && echo 'nftables v1.0.6' && exit; cat >/dev/null; echo '/dev/stdin:1:1-4: Error: Could not process rule: No such file or directory' >&2; exit 1`,
    );
    expect(await probe(nft)).toMatchObject({ kind: 'Unsupported' });
  });
});
