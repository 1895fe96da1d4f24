/** Instead of an id. */
export const nowhere = -1;
const smallest = 64;
/** Bytes of a version, with its length in front. */
const versionRoom = 16;

/**
 * Ids by the bytes of their names, and the versions that are served, without a string: 1,000 clients that return say ten million of
 * both. Columns instead of objects, so that 10,000 names take half a megabyte, which stays in the processor's cache. It knows what
 * clients have asked for by bytes; what it does not know is found, and added, by string.
 */
export class NameIndex {
  /** Pairs of hash and id + 1, probed linearly; of names that were removed, too, until it is made again. */
  #places = new Int32Array(2 * smallest);
  #taken = 0;
  /** By id: where the name is. Nothing in here is empty, and a removed name is. */
  #starts = new Uint32Array(smallest);
  #ends = new Uint32Array(smallest);
  /** By id: which was said after it. */
  #next = new Uint32Array(smallest);
  /** By id: the stamp of the version that is served; 0: not known. */
  #stamps = new Uint32Array(smallest);
  #versions = new Uint8Array(versionRoom * smallest);
  #names = new Uint8Array(16 * smallest);
  #end = 0;

  get byteLength(): number {
    const columns = [this.#places, this.#starts, this.#ends, this.#next, this.#stamps, this.#versions, this.#names];
    return columns.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /**
   * @param after the name before it in the request: most clients have names in the same order as the one before, so that which
   * followed then is looked at first
   * @returns `nowhere` when it is not known
   */
  find(bytes: Uint8Array, start: number, end: number, after = nowhere): number {
    if (start === end) return nowhere;
    const guess = this.#next[after] ?? 0;
    if (this.#isName(guess, bytes, start, end)) return guess;
    const found = this.#look(bytes, start, end);
    if (found !== nowhere && after !== nowhere) this.#next[after] = found;
    return found;
  }

  /** A name that `find` does not know, and that is not empty. */
  add(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(id, end - start);
    this.#starts[id] = this.#end;
    this.#names.set(bytes.subarray(start, end), this.#end);
    this.#end += end - start;
    this.#ends[id] = this.#end;
    this.#place(id);
  }

  remove(id: number): void {
    if (id >= this.#ends.length) return;
    this.#ends[id] = this.#starts[id] ?? 0;
    this.#stamps[id] = 0;
  }

  /** @returns 0 when another version is served, or it is not known which */
  stampOf(id: number, version: Uint8Array, start: number, end: number): number {
    if (id === nowhere) return 0;
    let at = versionRoom * id;
    if (this.#versions[at] !== end - start) return 0;
    for (let from = start; from < end; from += 1) {
      at += 1;
      if (this.#versions[at] !== version[from]) return 0;
    }
    return this.#stamps[id] ?? 0;
  }

  /** What is served, until `forgetVersion`. */
  setVersion(id: number, version: string, stamp: number): void {
    if (id >= this.#stamps.length || version.length >= versionRoom) return;
    const at = versionRoom * id;
    this.#versions[at] = version.length;
    for (let from = 0; from < version.length; from += 1) this.#versions[at + 1 + from] = version.charCodeAt(from);
    this.#stamps[id] = stamp;
  }

  forgetVersion(id: number): void {
    if (id < this.#stamps.length) this.#stamps[id] = 0;
  }

  #look(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    const mask = this.#places.length - 1;
    for (let at = home(hash, mask); ; at = (at + 2) & mask) {
      const place = this.#places[at + 1] ?? 0;
      if (place === 0) return nowhere;
      if (this.#places[at] === hash && this.#isName(place - 1, bytes, start, end)) return place - 1;
    }
  }

  #isName(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.#starts[id] ?? 0;
    if ((this.#ends[id] ?? 0) - at !== end - start) return false;
    for (let from = start; from < end; from += 1) {
      if (this.#names[at] !== bytes[from]) return false;
      at += 1;
    }
    return true;
  }

  #place(id: number): void {
    const hash = hashOf(this.#names, this.#starts[id] ?? 0, this.#ends[id] ?? 0);
    const mask = this.#places.length - 1;
    let at = home(hash, mask);
    while (this.#places[at + 1] !== 0) at = (at + 2) & mask;
    this.#places[at] = hash;
    this.#places[at + 1] = id + 1;
    this.#taken += 1;
  }

  /** Room for one name more. */
  #reserve(id: number, length: number): void {
    if (id >= this.#ends.length) this.#growColumns(2 * id);
    if (4 * this.#taken >= this.#places.length || this.#end + length > this.#names.length) this.#rebuild(length);
  }

  #growColumns(length: number): void {
    this.#starts = grown(this.#starts, new Uint32Array(length));
    this.#ends = grown(this.#ends, new Uint32Array(length));
    this.#next = grown(this.#next, new Uint32Array(length));
    this.#stamps = grown(this.#stamps, new Uint32Array(length));
    this.#versions = grown(this.#versions, new Uint8Array(versionRoom * length));
  }

  /** Without what was removed, and with as much room again. */
  #rebuild(length: number): void {
    const before = this.#names;
    const ids: number[] = [];
    let bytes = length;
    this.#ends.forEach((end, id) => {
      const size = end - (this.#starts[id] ?? 0);
      if (size > 0) ids.push(id);
      bytes += size;
    });
    this.#names = new Uint8Array(Math.max(16 * smallest, 2 * bytes));
    this.#places = new Int32Array(2 * Math.max(smallest, 2 ** Math.ceil(Math.log2(4 * (ids.length + 1)))));
    this.#end = 0;
    this.#taken = 0;
    for (const id of ids) this.#move(id, before);
  }

  #move(id: number, from: Uint8Array): void {
    const name = from.subarray(this.#starts[id], this.#ends[id]);
    this.#names.set(name, this.#end);
    this.#starts[id] = this.#end;
    this.#end += name.length;
    this.#ends[id] = this.#end;
    this.#place(id);
  }
}

function grown<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash | 0;
}

/** The low bits of the hash alone are poor. */
function home(hash: number, mask: number): number {
  return ((hash ^ (hash >>> 15)) << 1) & mask;
}
