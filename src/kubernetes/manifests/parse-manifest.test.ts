import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseManifest } from './parse-manifest.ts';

function parse(text: string) {
  const { objects, problems } = parseManifest(text, 'a.yaml');
  return { objects, problems: problems.map(({ origin, message }) => `${origin}: ${message}`) };
}

const linesOf = (text: string) => parse(text).objects.map(({ line }) => line);

describe('parseManifest', () => {
  it('gives the documents with their lines', () => {
    const { objects, problems } = parse('# first\na: 1\n---\n\n---\nb: 2\n...\n---\nc: 3\n');
    expect(problems).toEqual([]);
    expect(objects).toEqual([
      { object: { a: 1 }, line: 2 },
      { object: { b: 2 }, line: 6 },
      { object: { c: 3 }, line: 9 },
    ]);
  });

  it.each(['', '\n', '---\n', '# nothing\n', '--- \n...\n', 'null\n'])('finds nothing in %j', (text) => {
    expect(parse(text)).toEqual({ objects: [], problems: [] });
  });

  it('reads JSON with tabs, escapes and a byte order mark', () => {
    const text = '\uFEFF{\n\t"a": "\\u00e4\\ud83d\\ude00\\/",\n\t"b": [1, true, null]\n}\n';
    expect(parse(text)).toEqual({ objects: [{ object: { a: 'ä😀/', b: [1, true, null] }, line: 1 }], problems: [] });
  });

  it('resolves lists to their items, each with its line', () => {
    const text = 'apiVersion: v1\nkind: List\nitems:\n- kind: A\n- kind: List\n  items:\n  - kind: B\n  - kind: C\n';
    expect(parse(text).objects).toEqual([
      { object: { kind: 'A' }, line: 4 },
      { object: { kind: 'B' }, line: 7 },
      { object: { kind: 'C' }, line: 8 },
    ]);
  });

  it('gives the items of a typed list the kind that they leave out', () => {
    const text =
      '{"kind":"ServiceList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"}},{"kind":"Node"}]}';
    expect(parse(text).objects.map(({ object }) => object)).toEqual([
      { metadata: { name: 'a' }, kind: 'Service', apiVersion: 'v1' },
      { kind: 'Node' },
    ]);
  });

  it('leaves alone what only looks like a list', () => {
    expect(parse('kind: PriceList\nspec: 1\n').objects).toHaveLength(1);
    expect(parse('kind: List\nitems: x\n').objects).toEqual([{ object: { kind: 'List', items: 'x' }, line: 1 }]);
    expect(parse('kind: List\nitems: []\n').objects).toEqual([]);
  });

  it('resolves anchors, aliases and merge keys', () => {
    const text = 'base: &b {x: 1, y: 2}\nother: {<<: *b, y: 3}\nagain: *b\n';
    expect(parse(text).objects[0]?.object).toEqual({
      base: { x: 1, y: 2 },
      other: { x: 1, y: 3 },
      again: { x: 1, y: 2 },
    });
    expect(linesOf('kind: List\nx-item: &i {kind: A}\nitems:\n- *i\n- *i\n')).toEqual([4, 5]);
  });

  it('keeps what YAML 1.2 keeps as text', () => {
    const text = 'a: 2026-01-31T12:00:00Z\nb: on\nc: 0o17\nd: "80"\n';
    expect(parse(text).objects[0]?.object).toEqual({ a: '2026-01-31T12:00:00Z', b: 'on', c: 15, d: '80' });
  });

  it('says where it breaks, and gives the documents around', () => {
    const { objects, problems } = parse('a: 1\n---\nb: [1, 2\nc: 3\n---\nd: 4\n');
    expect(objects.map(({ object }) => object)).toEqual([{ a: 1 }, { d: 4 }]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^a\.yaml:[345]: is not valid YAML: Flow sequence/);
  });

  it.each([
    ['a: 1\nb: 2\na: 3\n', 'a.yaml:3: the key "a" occurs twice in one object'],
    ['x: {a: 1, a: 2}\n', 'a.yaml:1: the key "a" occurs twice in one object'],
    ['a: *nobody\n', 'a.yaml:1: cannot be resolved: Unresolved alias'],
    ['a:\n\t- b\n', 'a.yaml:2: is not valid YAML: Tabs are not allowed as indentation'],
    ['{"a": 1', 'a.yaml:1: is not valid YAML: Flow map must end with a }'],
    ['? [a]\n: 1\n', 'a.yaml:1: is not valid YAML: With stringKeys, all keys must be strings'],
  ])('refuses %j', (text, problem) => {
    const { objects, problems } = parse(text);
    expect(objects).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(problem)).toBe(true);
  });

  it('tells at most twenty problems of a file', () => {
    expect(parse('a: [\n---\n'.repeat(100)).problems).toHaveLength(20);
  });

  it('takes any text without throwing', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parse(text)));
    const pieces = fc.array(
      fc.constantFrom(
        'a',
        ': ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '\n',
        '  ',
        '&x ',
        '*x',
        '"',
        "'",
        '|',
        '#',
        '? ',
        '---\n',
        '<<: ',
      ),
    );
    fc.assert(
      fc.property(pieces, (parts) => void parse(parts.join(''))),
      { numRuns: 1000 },
    );
  });

  it('gives any JSON back as it was', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 20 }), fc.jsonValue({ maxDepth: 4 })), (value) => {
        const text = JSON.stringify(value, null, '\t');
        const { objects, problems } = parse(text);
        fc.pre(!isList(value) && !text.includes('"<<"') && !text.includes('__proto__'));
        expect(problems).toEqual([]);
        // YAML has no -0.
        expect(objects.map(({ object }) => JSON.stringify(object))).toEqual([JSON.stringify(value)]);
      }),
    );
  });
});

function isList(value: Readonly<Record<string, unknown>>): boolean {
  return typeof value['kind'] === 'string' && value['kind'].endsWith('List');
}

describe('hostile YAML', () => {
  const laughs = [...'bcdefghi'].map(
    (name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`,
  );

  it.each([
    ['a billion laughs', `a: &a [lol, lol]\n${laughs.join('\n')}\n`, 'cannot be resolved: Excessive alias count'],
    ['endless lists', '['.repeat(5000), 'is nested deeper than 100 levels'],
    ['deep lists', '['.repeat(5000) + ']'.repeat(5000), 'is nested deeper than 100 levels'],
    ['lists a little too deep', '['.repeat(101) + ']'.repeat(101), 'is nested deeper than 100 levels'],
    ['deep maps', '{a: '.repeat(5000), 'is nested deeper than 100 levels'],
    ['deep block lists', '- '.repeat(5000), 'is nested deeper than 100 levels'],
    ['keys of keys', '? '.repeat(5000), 'is nested deeper than 100 levels'],
    ['keys of keys, less deep', '? '.repeat(50), 'is not valid YAML: With stringKeys'],
    [
      'merges of merges',
      `a: &a {x: 1}\n${Array.from({ length: 2000 }, (_, i) => `k${i}: {<<: *a}`).join('\n')}`,
      'cannot be resolved: Excessive alias count',
    ],
    [
      'a key twice after many',
      `${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')}\nk0: 2`,
      'the key "k0" occurs twice',
    ],
    ['many quotes', '"'.repeat(5000), 'is not valid YAML'],
  ])('%s are refused', (_what, text, reason) => {
    const { objects, problems } = parse(text);
    expect(objects).toEqual([]);
    expect(problems[0]).toContain(reason);
  });

  it('that refers to itself is not an endless object', () => {
    const { objects } = parse('a: &a\n  b: *a\n');
    expect(objects).toHaveLength(1);
  });

  it('of control characters is read or refused', () => {
    for (const text of ['\u0000', '\u0000'.repeat(1000), '%YAML 9.9\n---\na: 1', '%@`\u0000', '\uFFFE']) parse(text);
  });
});

describe('parseManifest of JSON', () => {
  it('knows the lines of the items of a list', () => {
    const items = [{ kind: 'A', text: 'a "quoted" \\\\" [{' }, { kind: 'B', items: [{}] }, 7, { kind: 'C' }];
    const text = JSON.stringify({ before: { items: [{}] }, kind: 'List', items }, undefined, 1);
    const lines = text.split('\n');
    const lineOf = (kind: string) => lines.findIndex((line) => line.includes(`"kind": "${kind}"`));
    const { objects, problems } = parse(text);
    expect(problems).toEqual([]);
    expect(objects.map(({ object }) => object)).toEqual(items);
    expect([0, 1, 3].map((index) => objects[index]?.line)).toEqual(['A', 'B', 'C'].map(lineOf));
  });

  it('refuses keys that stand twice, and names the line', () => {
    expect(parse('{\n "a": 1,\n "b": {"a": 1},\n "\\u0061": 2\n}').problems).toEqual([
      expect.stringMatching(/:4: the key "a" occurs twice in one object$/),
    ]);
  });

  it('refuses what is nested too deeply', () => {
    const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(parse(deep(100)).problems).toEqual([]);
    expect(parse(`\n${deep(5000)}`).problems).toEqual([expect.stringMatching(/:2: is nested deeper than 100 levels$/)]);
  });

  it('takes several documents, as YAML has them, and says what is wrong with bad ones', () => {
    expect(parse('{"a": 1}\n---\n{"a": 2}\n').objects).toHaveLength(2);
    expect(parse('{"a": 1').problems[0]).toContain('is not valid YAML');
  });

  it('reads what the YAML parser reads', () => {
    const plain = fc.jsonValue({ maxDepth: 5 }).filter((value) => !JSON.stringify(value).includes('"<<"'));
    fc.assert(
      fc.property(plain, fc.constantFrom(0, 2), (value, indent) => {
        const list = { kind: 'List', items: [value, { kind: 'A' }] };
        const text = JSON.stringify(list, undefined, indent);
        // A document mark makes it a text for the YAML parser.
        const [json, yaml] = [parse(text), parse(`---\n${text}`)];
        expect(JSON.stringify(json.objects.map(({ object }) => object))).toBe(
          JSON.stringify(yaml.objects.map(({ object }) => object)),
        );
        expect(json.problems.length).toBe(yaml.problems.length);
      }),
    );
  });
});
